// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "held.h"

static struct task_table table;

static struct held_task *held_of(struct task *task)
{
	return task ? source_container(task, struct held_task, task) : NULL;
}

void held_init(size_t max)
{
	task_table_init(&table, max);
}

struct task_table *held_table(void)
{
	return &table;
}

struct held_task *held_find(const struct task_id *id)
{
	return held_of(task_table_find(&table, id));
}

static void task_exited(struct source *source)
{
	held_drop(source_container(source, struct held_task, exit));
}

/* Not stored. */
static int held_add(const struct task_id *id, int uffd, int pidfd, struct held_task **added)
{
	struct held_task *old = held_find(id), *held;
	int ret;

	held = calloc(1, sizeof(*held));
	if (!held)
		return -ENOMEM;

	held->task.id = *id;
	held->uffd = uffd;
	held->exit = (struct source){ .fd = pidfd, .ready = task_exited };

	ret = loop_add(&held->exit);
	if (ret) {
		free(held);
		return ret;
	}

	if (old)
		held_drop(old);

	ret = task_table_add(&table, &held->task, now_ms());
	if (ret) {
		loop_remove(&held->exit);
		free(held);
		return ret;
	}

	*added = held;
	return 0;
}

int held_put(const struct task_id *id, int uffd, int pidfd)
{
	struct held_task *held;
	int ret;

	ret = held_add(id, uffd, pidfd, &held);
	if (!ret)
		held->stored = store_add(&held->task, uffd, pidfd);
	return ret;
}

static int restore(const struct task *task, struct store_place place, int uffd, int pidfd)
{
	struct held_task *held;
	int ret;

	if (held_find(&task->id))
		return -EEXIST;

	ret = held_add(&task->id, uffd, pidfd, &held);
	if (ret)
		return ret;

	memcpy(held->task.epoch, task->epoch, sizeof(task->epoch));
	held->task.foreign = task->foreign;
	held->task.since_ms = task->since_ms;
	held->stored = place;
	return 0;
}

void held_restore(void)
{
	store_open(restore);
}

void held_changed(const struct held_task *held)
{
	struct task *task;

	if (held) {
		store_update(held->stored, &held->task);
		return;
	}

	TAILQ_FOREACH(task, &table.order, in_order)
		store_update(held_of(task)->stored, task);
}

void held_used(const struct held_task *held)
{
	store_in_use(held->stored, true);
}

void held_all_unused(void)
{
	struct task *task;

	TAILQ_FOREACH(task, &table.order, in_order)
		store_in_use(held_of(task)->stored, false);
}

void held_drop(struct held_task *held)
{
	task_table_remove(&table, &held->task);
	store_remove(held->stored);
	loop_remove(&held->exit);
	close(held->uffd);
	close(held->exit.fd);
	free(held);
}
