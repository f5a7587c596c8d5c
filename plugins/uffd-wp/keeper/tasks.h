/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of tasks and their epochs. Pure: no system calls, no clock, no
 * allocation; entries are the caller's.
 *
 * A task's epoch is the run that last protected its pages and completed. It is
 * valid between that run's commit and the next run's begin, and never while
 * some run is between its begin and its end.
 */
#ifndef UFFD_WP_KEEPER_TASKS_H
#define UFFD_WP_KEEPER_TASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <bsd/sys/queue.h>

#include "../keeper-client.h"

struct task {
	struct task_id id;
	char epoch[KEEPER_RUN_ID_SIZE];	  /* "" when invalid */
	char pending[KEEPER_RUN_ID_SIZE]; /* "" when no run is under way */
	bool foreign;			  /* see FOREIGN in keeper.proto */
	uint64_t since_ms;		  /* of the last commit, before the first of the hand-over */
	uint64_t place;			  /* ascends in the order of addition, never used twice, starts at 1 */

	/* The table's. */
	TAILQ_ENTRY(task) in_order;
	LIST_ENTRY(task) in_bucket;
};

#define TASK_BUCKETS 4096

struct task_table {
	size_t nr;
	size_t max;
	uint64_t last_place;
	TAILQ_HEAD(, task) order;
	LIST_HEAD(, task) buckets[TASK_BUCKETS];
};

/* max: number of tasks it may hold. */
void task_table_init(struct task_table *table, size_t max);

/* NULL when there is none. */
struct task *task_table_find(struct task_table *table, const struct task_id *id);

/*
 * Adds a task whose id is set, with an invalid epoch. The memory stays the
 * caller's, until task_table_remove() the table uses it.
 * -ENOSPC: max tasks are there, -EEXIST: this one is.
 */
int task_table_add(struct task_table *table, struct task *task, uint64_t now_ms);

void task_table_remove(struct task_table *table, struct task *task);

/* The first task, in the order of addition, whose place is beyond after; NULL when there is none. */
struct task *task_table_next(struct task_table *table, uint64_t after);

/* 1 to KEEPER_RUN_ID_SIZE - 1 printable ASCII characters, no blanks. NULL is none. */
bool run_id_is_valid(const char *run_id);

/*
 * The three below need a valid run id.
 *
 * Begin: the epoch becomes invalid, the run pending; one that was pending before
 * can't commit this task any more.
 */
void task_begin(struct task *task, const char *run_id);

/* The run becomes the epoch of every task where it is pending. Returns their number. */
size_t task_table_commit(struct task_table *table, const char *run_id, uint64_t now_ms);

/* No task waits for the run any more; epochs stay invalid. Returns the number of tasks that did. */
size_t task_table_abort(struct task_table *table, const char *run_id);

#endif /* UFFD_WP_KEEPER_TASKS_H */
