// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <bsd/string.h>

#include "tasks.h"

void task_table_init(struct task_table *table, size_t max)
{
	size_t i;

	memset(table, 0, sizeof(*table));
	table->max = max;
	TAILQ_INIT(&table->order);
	for (i = 0; i < TASK_BUCKETS; i++)
		LIST_INIT(&table->buckets[i]);
}

static size_t bucket_of(const struct task_id *id)
{
	return (unsigned int)id->pid % TASK_BUCKETS;
}

static bool same_task(const struct task_id *a, const struct task_id *b)
{
	return a->pid == b->pid && a->start_time == b->start_time && a->pidns == b->pidns;
}

struct task *task_table_find(struct task_table *table, const struct task_id *id)
{
	struct task *task;

	LIST_FOREACH(task, &table->buckets[bucket_of(id)], in_bucket)
		if (same_task(&task->id, id))
			return task;

	return NULL;
}

int task_table_add(struct task_table *table, struct task *task, uint64_t now_ms)
{
	if (task_table_find(table, &task->id))
		return -EEXIST;
	if (table->nr >= table->max)
		return -ENOSPC;

	task->epoch[0] = '\0';
	task->pending[0] = '\0';
	task->foreign = false;
	task->since_ms = now_ms;
	task->place = ++table->last_place;
	TAILQ_INSERT_TAIL(&table->order, task, in_order);
	LIST_INSERT_HEAD(&table->buckets[bucket_of(&task->id)], task, in_bucket);
	table->nr++;
	return 0;
}

void task_table_remove(struct task_table *table, struct task *task)
{
	TAILQ_REMOVE(&table->order, task, in_order);
	LIST_REMOVE(task, in_bucket);
	table->nr--;
}

struct task *task_table_next(struct task_table *table, uint64_t after)
{
	struct task *task;

	TAILQ_FOREACH(task, &table->order, in_order)
		if (task->place > after)
			return task;

	return NULL;
}

bool run_id_is_valid(const char *run_id)
{
	size_t len;

	if (!run_id)
		return false;

	/* Bytes beyond ASCII are no isgraph() in the C locale, the only one the keeper has. */
	for (len = 0; run_id[len]; len++)
		if (len >= KEEPER_RUN_ID_SIZE - 1 || !isgraph((unsigned char)run_id[len]))
			return false;

	return len > 0;
}

void task_begin(struct task *task, const char *run_id)
{
	task->epoch[0] = '\0';
	strlcpy(task->pending, run_id, sizeof(task->pending));
}

size_t task_table_commit(struct task_table *table, const char *run_id, uint64_t now_ms)
{
	struct task *task;
	size_t nr = 0;

	TAILQ_FOREACH(task, &table->order, in_order) {
		if (strcmp(task->pending, run_id))
			continue;

		strlcpy(task->epoch, run_id, sizeof(task->epoch));
		task->pending[0] = '\0';
		task->since_ms = now_ms;
		nr++;
	}

	return nr;
}

size_t task_table_abort(struct task_table *table, const char *run_id)
{
	struct task *task;
	size_t nr = 0;

	TAILQ_FOREACH(task, &table->order, in_order) {
		if (strcmp(task->pending, run_id))
			continue;

		task->pending[0] = '\0';
		nr++;
	}

	return nr;
}
