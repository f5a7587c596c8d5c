// SPDX-License-Identifier: GPL-2.0
/* Lists of page runs. */
#include <stdint.h>

#include "runs.h"
#include "unit.h"

#define PAGE  4096ULL /* of the list, whatever the machine's is */
#define DIRTY CR_MEM_RUN_DIRTY

static struct run_list list;

static int setup(void **state)
{
	(void)state;
	list = (struct run_list){ .page_size = PAGE };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	run_list_free(&list);
	return 0;
}

/* Page numbers instead of addresses. */
static void add(uint64_t first, uint64_t last, uint32_t flags)
{
	assert_int_equal(run_list_add(&list, first * PAGE, last * PAGE, flags), 0);
}

static void expect_run(size_t i, uint64_t first, uint64_t nr_pages, uint32_t flags)
{
	assert_true(i < list.nr);
	assert_true(list.runs[i].start == first * PAGE);
	assert_true(list.runs[i].nr_pages == nr_pages);
	assert_int_equal(list.runs[i].flags, flags);
}

static void alike_neighbours_are_joined(void **state)
{
	(void)state;
	add(1, 2, DIRTY);
	add(2, 4, DIRTY);
	add(4, 5, 0);
	add(5, 6, 0);
	add(6, 7, DIRTY);
	assert_int_equal(list.nr, 3);
	expect_run(0, 1, 3, DIRTY);
	expect_run(1, 4, 2, 0);
	expect_run(2, 6, 1, DIRTY);
}

static void gaps_stay_gaps(void **state)
{
	(void)state;
	add(1, 2, DIRTY);
	add(3, 4, DIRTY);
	assert_int_equal(list.nr, 2);
	expect_run(0, 1, 1, DIRTY);
	expect_run(1, 3, 1, DIRTY);
}

/* 20 TiB in one run: page counts beyond 32 bits. */
static void huge_runs(void **state)
{
	const uint64_t half = 1ULL << 33;

	(void)state;
	add(0, half, 0);
	add(half, 2 * half, 0);
	assert_int_equal(list.nr, 1);
	expect_run(0, 0, 2 * half, 0);
}

static void grows(void **state)
{
	const uint64_t nr = 100000;
	uint64_t i;

	(void)state;
	for (i = 0; i < nr; i++)
		add(2 * i, 2 * i + 1, i % 2 ? DIRTY : 0);
	assert_int_equal(list.nr, nr);
	for (i = 0; i < nr; i++)
		expect_run(i, 2 * i, 1, i % 2 ? DIRTY : 0);
}

/* Runs of two VMAs must not become one. */
static void sealed_runs_are_final(void **state)
{
	(void)state;
	add(1, 2, DIRTY);
	run_list_seal(&list);
	add(2, 3, DIRTY);
	add(3, 4, DIRTY);
	assert_int_equal(list.nr, 2);
	expect_run(0, 1, 1, DIRTY);
	expect_run(1, 2, 2, DIRTY);
}

static void rewind_keeps_sealed_runs(void **state)
{
	(void)state;
	add(1, 2, 0);
	run_list_rewind(&list);
	assert_int_equal(list.nr, 0);

	add(1, 2, 0);
	run_list_seal(&list);
	add(2, 3, 0);
	add(4, 5, 0);
	run_list_rewind(&list);
	assert_int_equal(list.nr, 1);
	expect_run(0, 1, 1, 0);

	/* The sealed one is not joined afterwards, either. */
	add(2, 3, 0);
	assert_int_equal(list.nr, 2);
	expect_run(1, 2, 1, 0);
}

static void free_leaves_an_empty_list(void **state)
{
	(void)state;
	add(1, 2, 0);
	run_list_seal(&list);
	run_list_free(&list);
	assert_int_equal(list.nr, 0);
	run_list_free(&list);
	add(5, 6, DIRTY);
	assert_int_equal(list.nr, 1);
	expect_run(0, 5, 1, DIRTY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(alike_neighbours_are_joined, setup, teardown),
		cmocka_unit_test_setup_teardown(gaps_stay_gaps, setup, teardown),
		cmocka_unit_test_setup_teardown(huge_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(grows, setup, teardown),
		cmocka_unit_test_setup_teardown(sealed_runs_are_final, setup, teardown),
		cmocka_unit_test_setup_teardown(rewind_keeps_sealed_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(free_leaves_an_empty_list, setup, teardown),
	};

	return cmocka_run_group_tests_name("page runs", tests, NULL, NULL);
}
