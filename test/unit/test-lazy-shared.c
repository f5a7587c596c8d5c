// SPDX-License-Identifier: GPL-2.0
/* Of which shared memory a lazy restore may leave pages to the daemon: of what can be reached only where it waits. */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "lazy-shared-policy.h"
#include "unit.h"

#define PAGE 4096
#define BIT(advice) (1ULL << (advice))

/* Shared anonymous memory of two tasks. */
static struct lazy_shared_object anonymous(void)
{
	struct lazy_shared_object object = { .size = 16 * PAGE };

	lazy_shared_map(&object, MAP_SHARED, O_RDWR, 0);
	lazy_shared_map(&object, MAP_SHARED, O_RDWR | O_CLOEXEC, BIT(MADV_DONTFORK) | BIT(MADV_NOHUGEPAGE));
	return object;
}

static void assert_later(const struct lazy_shared_object *object)
{
	assert_null(lazy_shared_objection(object, PAGE));
}

static void assert_at_once(const struct lazy_shared_object *object)
{
	assert_non_null(lazy_shared_objection(object, PAGE));
}

static void shared_anonymous_memory(void **state)
{
	struct lazy_shared_object object = anonymous();

	(void)state;
	assert_later(&object);
}

static void what_is_open(void **state)
{
	struct lazy_shared_object object = anonymous();

	(void)state;
	object.is_open = true;
	assert_at_once(&object);
}

static void what_is_sealed_or_huge(void **state)
{
	struct lazy_shared_object object = anonymous();

	(void)state;
	object.is_sealed = true;
	assert_at_once(&object);
	object = anonymous();
	object.is_huge = true;
	assert_at_once(&object);
}

static void what_is_not_mapped(void **state)
{
	struct lazy_shared_object object = { .size = PAGE };

	(void)state;
	assert_at_once(&object);
}

static void sizes(void **state)
{
	struct lazy_shared_object object = anonymous();

	(void)state;
	object.size = 0;
	assert_at_once(&object);
	object.size = 16 * PAGE - 1;
	assert_at_once(&object);
	object.size = PAGE;
	assert_later(&object);
	object.size = (1ULL << 31) * PAGE;
	assert_at_once(&object);
	object.size = 16 * PAGE;
	assert_later(&object);
	/* Larger pages than it was made with */
	assert_non_null(lazy_shared_objection(&object, 32 * PAGE));
}

/* One mapping that can't wait for pages is one too many, whichever it is. */
static void one_mapping_of_many(void **state)
{
	static const struct {
		int flags, access;
		uint64_t advice;
	} bad[] = {
		{ MAP_PRIVATE, O_RDWR, 0 },
		{ MAP_SHARED, O_RDONLY, 0 },
		{ MAP_SHARED, O_WRONLY, 0 },
		{ MAP_SHARED | MAP_LOCKED, O_RDWR, 0 },
		{ MAP_SHARED, O_RDWR, BIT(MADV_HUGEPAGE) },
	};
	size_t i;
	int before;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (before = 0; before < 2; before++) {
			struct lazy_shared_object object = before ? anonymous() : (struct lazy_shared_object){ .size = PAGE };

			lazy_shared_map(&object, bad[i].flags, bad[i].access, bad[i].advice);
			assert_at_once(&object);
			lazy_shared_map(&object, MAP_SHARED, O_RDWR, 0);
			assert_at_once(&object);
		}
}

static void huge_pages_of_the_kernel(void **state)
{
	(void)state;
	assert_false(lazy_shared_huge_pages("always within_size advise [never] deny force\n"));
	assert_false(lazy_shared_huge_pages("always within_size advise never [deny] force\n"));
	assert_true(lazy_shared_huge_pages("[always] within_size advise never deny force\n"));
	assert_true(lazy_shared_huge_pages("always [within_size] advise never deny force\n"));
	assert_true(lazy_shared_huge_pages("always within_size [advise] never deny force\n"));
	assert_true(lazy_shared_huge_pages("always within_size advise never deny [force]\n"));
	assert_true(lazy_shared_huge_pages(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_anonymous_memory), cmocka_unit_test(what_is_open),
		cmocka_unit_test(what_is_sealed_or_huge),  cmocka_unit_test(what_is_not_mapped),
		cmocka_unit_test(sizes),		   cmocka_unit_test(one_mapping_of_many),
		cmocka_unit_test(huge_pages_of_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
