// SPDX-License-Identifier: GPL-2.0
/* When uffd-wpctl precopy goes on, and why it stops. */
#include "ctl/precopy-policy.h"
#include "unit.h"

#define MIB (1ULL << 20)

/* The first has nothing to compare with. */
#define FIRST { .rate = 1000 * MIB }
#define ITERATION(dirty, ms) \
	{ .rate = 1000 * MIB, .estimated = true, .dirty_rate = (dirty) * MIB, .stop_us = (ms) * 1000 }

static const struct precopy_limits no_goal = { .max_iterations = 10 };
static const struct precopy_limits goal_100_ms = { .max_iterations = 10, .downtime_us = 100000 };

#define DECIDE(limits, ...)                                                                      \
	({                                                                                       \
		const struct precopy_iteration its[] = { __VA_ARGS__ };                          \
		precopy_decide(limits, its, sizeof(its) / sizeof(its[0]));                       \
	})

static void first_tells_nothing(void **state)
{
	const struct precopy_limits one = { .max_iterations = 1, .downtime_us = 100000 };

	(void)state;
	assert_int_equal(DECIDE(&no_goal, FIRST), PRECOPY_GO_ON);
	/* Not that 0 is under the goal. */
	assert_int_equal(DECIDE(&goal_100_ms, FIRST), PRECOPY_GO_ON);
	assert_int_equal(DECIDE(&one, FIRST), PRECOPY_ENOUGH);
}

static void goal(void **state)
{
	(void)state;
	assert_int_equal(DECIDE(&goal_100_ms, FIRST, ITERATION(10, 100)), PRECOPY_GOAL_MET);
	assert_int_equal(DECIDE(&goal_100_ms, FIRST, ITERATION(10, 101)), PRECOPY_GO_ON);
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(10, 1)), PRECOPY_GO_ON);
	/* The last one counts, as that is what the dump is made on. */
	assert_int_equal(DECIDE(&goal_100_ms, FIRST, ITERATION(10, 90), ITERATION(10, 200)), PRECOPY_GO_ON);
}

static void goal_comes_first(void **state)
{
	const struct precopy_limits two = { .max_iterations = 2, .downtime_us = 100000 };

	(void)state;
	assert_int_equal(DECIDE(&two, FIRST, ITERATION(5000, 50)), PRECOPY_GOAL_MET);
	assert_int_equal(DECIDE(&goal_100_ms, FIRST, ITERATION(1, 90), ITERATION(1, 90), ITERATION(1, 90)),
			 PRECOPY_GOAL_MET);
}

static void more_changes_than_can_be_copied(void **state)
{
	(void)state;
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(2000, 900)), PRECOPY_DIVERGES);
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(951, 900)), PRECOPY_DIVERGES);
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(949, 900)), PRECOPY_GO_ON);
	/* It did, and calmed down. */
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(900, 900), ITERATION(10, 50)), PRECOPY_GO_ON);
}

static void short_iteration_is_not_the_copy_rate(void **state)
{
	const struct precopy_iteration its[] = {
		FIRST,
		{ .rate = 5 * MIB, .estimated = true, .dirty_rate = 20 * MIB, .stop_us = 60000 },
	};

	(void)state;
	assert_int_equal(precopy_copy_rate(its, 2), 1000 * MIB);
	assert_int_equal(precopy_decide(&no_goal, its, 2), PRECOPY_GO_ON);
}

static void nothing_changes_and_nothing_is_copied(void **state)
{
	const struct precopy_iteration its[] = { { .rate = 0 }, { .estimated = true, .stop_us = 40000 } };

	(void)state;
	assert_int_equal(precopy_decide(&no_goal, its, 2), PRECOPY_GO_ON);
}

static void falls(void **state)
{
	(void)state;
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(1, 1000), ITERATION(1, 949), ITERATION(1, 900)),
			 PRECOPY_GO_ON);
	/* A burst, and one that is no better: only then it is said to be over. */
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(1, 1000), ITERATION(1, 2000)), PRECOPY_GO_ON);
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(1, 1000), ITERATION(1, 2000), ITERATION(1, 900)),
			 PRECOPY_GO_ON);
}

static void no_longer_falls(void **state)
{
	(void)state;
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(1, 1000), ITERATION(1, 951), ITERATION(1, 960)),
			 PRECOPY_NO_LONGER_FALLS);
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(1, 1000), ITERATION(1, 2000), ITERATION(1, 3000)),
			 PRECOPY_NO_LONGER_FALLS);
	/* The best so far counts, not the one before. */
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(1, 100), ITERATION(1, 300), ITERATION(1, 200)),
			 PRECOPY_NO_LONGER_FALLS);
	assert_int_equal(DECIDE(&goal_100_ms, FIRST, ITERATION(1, 200), ITERATION(1, 200), ITERATION(1, 200)),
			 PRECOPY_NO_LONGER_FALLS);
}

static void without_estimates_to_the_limit(void **state)
{
	const struct precopy_limits four = { .max_iterations = 4, .downtime_us = 1000 };

	(void)state;
	assert_int_equal(DECIDE(&four, FIRST, FIRST, FIRST), PRECOPY_GO_ON);
	assert_int_equal(DECIDE(&four, FIRST, FIRST, FIRST, FIRST), PRECOPY_ENOUGH);
}

static void unknown_estimates_are_no_estimates(void **state)
{
	(void)state;
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(1, 1000), FIRST, FIRST, ITERATION(1, 500)), PRECOPY_GO_ON);
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(1, 1000), FIRST, FIRST), PRECOPY_GO_ON);
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(1, 1000), FIRST, ITERATION(1, 1000), FIRST,
				ITERATION(1, 1000)),
			 PRECOPY_NO_LONGER_FALLS);
}

/* Each falls by less than what counts, but in all they do. */
static void falls_slowly(void **state)
{
	(void)state;
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(1, 1000), ITERATION(1, 970), ITERATION(1, 940),
				ITERATION(1, 910)),
			 PRECOPY_GO_ON);
	assert_int_equal(DECIDE(&no_goal, FIRST, ITERATION(1, 1000), ITERATION(1, 990), ITERATION(1, 980)),
			 PRECOPY_NO_LONGER_FALLS);
}

static void limit(void **state)
{
	const struct precopy_limits three = { .max_iterations = 3 };

	(void)state;
	assert_int_equal(DECIDE(&three, FIRST, ITERATION(1, 1000)), PRECOPY_GO_ON);
	assert_int_equal(DECIDE(&three, FIRST, ITERATION(1, 1000), ITERATION(1, 500)), PRECOPY_ENOUGH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_tells_nothing),
		cmocka_unit_test(goal),
		cmocka_unit_test(goal_comes_first),
		cmocka_unit_test(more_changes_than_can_be_copied),
		cmocka_unit_test(short_iteration_is_not_the_copy_rate),
		cmocka_unit_test(nothing_changes_and_nothing_is_copied),
		cmocka_unit_test(falls),
		cmocka_unit_test(no_longer_falls),
		cmocka_unit_test(falls_slowly),
		cmocka_unit_test(unknown_estimates_are_no_estimates),
		cmocka_unit_test(without_estimates_to_the_limit),
		cmocka_unit_test(limit),
	};

	return cmocka_run_group_tests_name("precopy-policy", tests, NULL, NULL);
}
