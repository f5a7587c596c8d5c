// SPDX-License-Identifier: GPL-2.0
/* The keeper's table of tasks and their epochs. */
#include <errno.h>
#include <string.h>

#include "keeper/tasks.h"
#include "unit.h"

#define NR 8

struct fixture {
	struct task_table table;
	struct task task[NR]; /* pids 100, 101, ... */
};

static void add(struct fixture *f, int i)
{
	assert_int_equal(task_table_add(&f->table, &f->task[i], 1000 + i), 0);
}

static int setup(void **state)
{
	static struct fixture f;
	int i;

	memset(&f, 0xa5, sizeof(f));
	task_table_init(&f.table, NR);
	for (i = 0; i < NR; i++)
		f.task[i].id = (struct task_id){ .pid = 100 + i, .start_time = 7, .pidns = 1 };
	*state = &f;
	return 0;
}

static void new_task_has_no_epoch(void **state)
{
	struct fixture *f = *state;

	add(f, 0);
	assert_string_equal(f->task[0].epoch, "");
	assert_string_equal(f->task[0].pending, "");
	assert_int_equal(f->task[0].since_ms, 1000);
	assert_int_equal(f->table.nr, 1);
}

static void commit_makes_the_run_the_epoch(void **state)
{
	struct fixture *f = *state;

	add(f, 0);
	task_begin(&f->task[0], "run-1");
	assert_string_equal(f->task[0].epoch, "");
	assert_string_equal(f->task[0].pending, "run-1");
	assert_int_equal(f->task[0].since_ms, 1000);

	assert_int_equal(task_table_commit(&f->table, "run-1", 5000), 1);
	assert_string_equal(f->task[0].epoch, "run-1");
	assert_string_equal(f->task[0].pending, "");
	assert_int_equal(f->task[0].since_ms, 5000);
}

static void begin_invalidates_at_once(void **state)
{
	struct fixture *f = *state;

	add(f, 0);
	task_begin(&f->task[0], "run-1");
	task_table_commit(&f->table, "run-1", 1);
	task_begin(&f->task[0], "run-2");
	assert_string_equal(f->task[0].epoch, "");
}

static void abort_leaves_the_epoch_invalid(void **state)
{
	struct fixture *f = *state;

	add(f, 0);
	task_begin(&f->task[0], "run-1");
	task_table_commit(&f->table, "run-1", 1);
	task_begin(&f->task[0], "run-2");
	assert_int_equal(task_table_abort(&f->table, "run-2"), 1);
	assert_string_equal(f->task[0].epoch, "");
	assert_string_equal(f->task[0].pending, "");
	/* Neither can it be committed any more. */
	assert_int_equal(task_table_commit(&f->table, "run-2", 1), 0);
	assert_string_equal(f->task[0].epoch, "");
}

static void run_can_begin_twice(void **state)
{
	struct fixture *f = *state;

	add(f, 0);
	task_begin(&f->task[0], "run-1");
	task_begin(&f->task[0], "run-1");
	assert_int_equal(task_table_commit(&f->table, "run-1", 1), 1);
	assert_int_equal(task_table_commit(&f->table, "run-1", 1), 0);
	assert_string_equal(f->task[0].epoch, "run-1");
}

static void only_tasks_of_the_run_are_committed(void **state)
{
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 4; i++)
		add(f, i);
	task_begin(&f->task[0], "run-1");
	task_begin(&f->task[1], "run-1");
	task_begin(&f->task[2], "run-2");

	assert_int_equal(task_table_commit(&f->table, "run-1", 1), 2);
	assert_string_equal(f->task[0].epoch, "run-1");
	assert_string_equal(f->task[1].epoch, "run-1");
	assert_string_equal(f->task[2].epoch, "");
	assert_string_equal(f->task[2].pending, "run-2");
	assert_string_equal(f->task[3].epoch, "");
}

/* Two chains of the same task: what the first protected, the second found clean, and vice versa. */
static void later_run_takes_the_task_over(void **state)
{
	struct fixture *f = *state;

	add(f, 0);
	add(f, 1);
	task_begin(&f->task[0], "run-1");
	task_begin(&f->task[1], "run-1");
	task_begin(&f->task[0], "run-2");

	assert_int_equal(task_table_commit(&f->table, "run-1", 1), 1);
	assert_string_equal(f->task[0].epoch, "");
	assert_string_equal(f->task[1].epoch, "run-1");

	assert_int_equal(task_table_commit(&f->table, "run-2", 2), 1);
	assert_string_equal(f->task[0].epoch, "run-2");
	assert_string_equal(f->task[1].epoch, "run-1");
}

static void abort_of_an_older_run_does_not_stop_the_later_one(void **state)
{
	struct fixture *f = *state;

	add(f, 0);
	task_begin(&f->task[0], "run-1");
	task_begin(&f->task[0], "run-2");
	assert_int_equal(task_table_abort(&f->table, "run-1"), 0);
	assert_int_equal(task_table_commit(&f->table, "run-2", 1), 1);
	assert_string_equal(f->task[0].epoch, "run-2");
}

static void run_that_began_nothing_commits_nothing(void **state)
{
	struct fixture *f = *state;

	add(f, 0);
	assert_int_equal(task_table_commit(&f->table, "run-1", 1), 0);
	assert_int_equal(task_table_abort(&f->table, "run-1"), 0);
	assert_string_equal(f->task[0].epoch, "");
}

static void exited_task_is_not_committed(void **state)
{
	struct fixture *f = *state;

	add(f, 0);
	add(f, 1);
	task_begin(&f->task[0], "run-1");
	task_begin(&f->task[1], "run-1");
	task_table_remove(&f->table, &f->task[0]);
	assert_int_equal(task_table_commit(&f->table, "run-1", 1), 1);
	assert_string_equal(f->task[0].epoch, "");
	assert_null(task_table_find(&f->table, &f->task[0].id));
	assert_int_equal(f->table.nr, 1);
}

static void replaced_task_starts_anew(void **state)
{
	struct fixture *f = *state;

	add(f, 0);
	task_begin(&f->task[0], "run-1");
	task_table_commit(&f->table, "run-1", 1);
	f->task[1].id = f->task[0].id;
	assert_int_equal(task_table_add(&f->table, &f->task[1], 2), -EEXIST);
	task_table_remove(&f->table, &f->task[0]);
	assert_int_equal(task_table_add(&f->table, &f->task[1], 2), 0);
	assert_string_equal(f->task[1].epoch, "");
	assert_ptr_equal(task_table_find(&f->table, &f->task[0].id), &f->task[1]);
}

/* Also with pids that fall into the same bucket. */
static void task_is_found_by_all_of_its_id(void **state)
{
	struct fixture *f = *state;
	struct task_id id;

	f->task[1].id.pid = f->task[0].id.pid + TASK_BUCKETS;
	f->task[2].id = f->task[0].id;
	f->task[2].id.start_time++;
	f->task[3].id = f->task[0].id;
	f->task[3].id.pidns++;
	add(f, 0);
	add(f, 1);
	add(f, 2);
	assert_ptr_equal(task_table_find(&f->table, &f->task[0].id), &f->task[0]);
	assert_ptr_equal(task_table_find(&f->table, &f->task[1].id), &f->task[1]);
	assert_ptr_equal(task_table_find(&f->table, &f->task[2].id), &f->task[2]);
	assert_null(task_table_find(&f->table, &f->task[3].id));

	id = f->task[0].id;
	id.pid = -id.pid;
	assert_null(task_table_find(&f->table, &id));
}

static void table_has_a_limit(void **state)
{
	struct fixture *f = *state;
	int i;

	task_table_init(&f->table, NR - 1);
	for (i = 0; i < NR - 1; i++)
		add(f, i);
	assert_int_equal(task_table_add(&f->table, &f->task[NR - 1], 1), -ENOSPC);
	assert_null(task_table_find(&f->table, &f->task[NR - 1].id));
	task_table_remove(&f->table, &f->task[3]);
	add(f, NR - 1);
}

/* A listing goes on where it stopped, whatever came and went meanwhile. */
static void places_survive_removal(void **state)
{
	struct fixture *f = *state;
	uint64_t place;

	add(f, 0);
	add(f, 1);
	add(f, 2);
	assert_ptr_equal(task_table_next(&f->table, 0), &f->task[0]);
	place = f->task[1].place;
	task_table_remove(&f->table, &f->task[1]);
	assert_ptr_equal(task_table_next(&f->table, place), &f->task[2]);
	add(f, 1);
	assert_ptr_equal(task_table_next(&f->table, f->task[2].place), &f->task[1]);
	assert_null(task_table_next(&f->table, f->task[1].place));
	assert_null(task_table_next(&f->table, UINT64_MAX));
}

static void run_ids(void **state)
{
	char longest[KEEPER_RUN_ID_SIZE + 1];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[KEEPER_RUN_ID_SIZE - 1] = '\0';
	assert_true(run_id_is_valid(longest));
	longest[KEEPER_RUN_ID_SIZE - 1] = 'x';
	longest[KEEPER_RUN_ID_SIZE] = '\0';
	assert_false(run_id_is_valid(longest));

	assert_true(run_id_is_valid("a"));
	assert_true(run_id_is_valid("0b4a6a4e-93c6-4a0b-8f3e-111111111111"));
	assert_false(run_id_is_valid(NULL));
	assert_false(run_id_is_valid(""));
	assert_false(run_id_is_valid("a b"));
	assert_false(run_id_is_valid("a\n"));
	assert_false(run_id_is_valid("\x7f"));
	assert_false(run_id_is_valid("\xc3\xa4"));
}

static void longest_run_id_is_kept_whole(void **state)
{
	struct fixture *f = *state;
	char longest[KEEPER_RUN_ID_SIZE];

	memset(longest, 'x', sizeof(longest));
	longest[KEEPER_RUN_ID_SIZE - 1] = '\0';
	add(f, 0);
	task_begin(&f->task[0], longest);
	assert_int_equal(task_table_commit(&f->table, longest, 1), 1);
	assert_string_equal(f->task[0].epoch, longest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(new_task_has_no_epoch, setup),
		cmocka_unit_test_setup(commit_makes_the_run_the_epoch, setup),
		cmocka_unit_test_setup(begin_invalidates_at_once, setup),
		cmocka_unit_test_setup(abort_leaves_the_epoch_invalid, setup),
		cmocka_unit_test_setup(run_can_begin_twice, setup),
		cmocka_unit_test_setup(only_tasks_of_the_run_are_committed, setup),
		cmocka_unit_test_setup(later_run_takes_the_task_over, setup),
		cmocka_unit_test_setup(abort_of_an_older_run_does_not_stop_the_later_one, setup),
		cmocka_unit_test_setup(run_that_began_nothing_commits_nothing, setup),
		cmocka_unit_test_setup(exited_task_is_not_committed, setup),
		cmocka_unit_test_setup(replaced_task_starts_anew, setup),
		cmocka_unit_test_setup(task_is_found_by_all_of_its_id, setup),
		cmocka_unit_test_setup(table_has_a_limit, setup),
		cmocka_unit_test_setup(places_survive_removal, setup),
		cmocka_unit_test_setup(run_ids, setup),
		cmocka_unit_test_setup(longest_run_id_is_kept_whole, setup),
	};

	return cmocka_run_group_tests_name("tasks and epochs", tests, NULL, NULL);
}
