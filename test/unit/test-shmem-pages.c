// SPDX-License-Identifier: GPL-2.0
/* What becomes of pages of shared memory: only what was compared and is equal is left to the parent images. */
#include <string.h>

#include "shmem-pages.h"
#include "unit.h"

#define PAGE 64
#define NR   8

static char live[NR * PAGE], stored[NR * PAGE];
static bool has[NR], same[NR];

static struct shmem_part part(void)
{
	return (struct shmem_part){ .live = live, .same = same, .nr = NR, .page_size = PAGE };
}

/* All pages differ from each other and are as in the parent. */
static int setup(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NR; i++) {
		memset(live + i * PAGE, (int)i + 1, PAGE);
		has[i] = true;
	}
	memcpy(stored, live, sizeof(stored));
	return 0;
}

/* One letter a page, Store, Parent or Hole; runs must be the longest that there are. */
static void assert_pages(const struct shmem_part *p, const char *expected)
{
	struct shmem_run run = { 0 };
	char found[NR + 1] = "";
	char last = 0;

	shmem_compare_pages(live, stored, has, p->nr, PAGE, same);
	while (shmem_next_run(p, run.first + run.nr, &run)) {
		char letter = "SPH"[run.what];

		assert_int_not_equal(letter, last);
		assert_true(run.nr > 0 && run.first + run.nr <= p->nr);
		memset(found + run.first, letter, run.nr);
		last = letter;
	}
	assert_string_equal(found, expected);
}

static void equal_pages_are_left(void **state)
{
	struct shmem_part p = part();

	(void)state;
	assert_pages(&p, "PPPPPPPP");
}

static void one_byte_makes_a_difference(void **state)
{
	struct shmem_part p = part();

	(void)state;
	live[2 * PAGE] ^= 1;
	live[5 * PAGE - 1] ^= 1;
	stored[7 * PAGE + 1] ^= 1;
	assert_pages(&p, "PPSPSPPS");
}

/* What the parent lacks is stored, even if what is in the buffer happens to be the same. */
static void pages_that_the_parent_lacks(void **state)
{
	struct shmem_part p = part();

	(void)state;
	has[0] = has[3] = has[4] = false;
	assert_pages(&p, "SPPSSPPP");
}

static void zeros(void **state)
{
	struct shmem_part p = part();

	(void)state;
	memset(live + PAGE, 0, 3 * PAGE);
	live[3 * PAGE - 1] = 1; /* page 2: all but the last byte */
	assert_pages(&p, "PSSSPPPP");
	p.zeros_are_holes = true;
	assert_pages(&p, "PHSHPPPP");
	/* Zeros in the parent may stay there. */
	memset(stored + PAGE, 0, PAGE);
	assert_pages(&p, "PPSHPPPP");
	/* Not a hole there: zeros are missing here. */
	has[1] = false;
	assert_pages(&p, "PHSHPPPP");
}

static void part_of_one_page_and_of_none(void **state)
{
	struct shmem_part p = part();
	struct shmem_run run;

	(void)state;
	p.nr = 1;
	assert_true(shmem_next_run(&p, 0, &run));
	assert_int_equal(run.nr, 1);
	assert_false(shmem_next_run(&p, 1, &run));
	p.nr = 0;
	assert_false(shmem_next_run(&p, 0, &run));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(equal_pages_are_left, setup),
		cmocka_unit_test_setup(one_byte_makes_a_difference, setup),
		cmocka_unit_test_setup(pages_that_the_parent_lacks, setup),
		cmocka_unit_test_setup(zeros, setup),
		cmocka_unit_test_setup(part_of_one_page_and_of_none, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
