// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
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

int held_put(const struct task_id *id, int uffd, int pidfd)
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
	}

	return ret;
}

void held_drop(struct held_task *held)
{
	task_table_remove(&table, &held->task);
	loop_remove(&held->exit);
	close(held->uffd);
	close(held->exit.fd);
	free(held);
}

void held_drop_all(void)
{
	struct task *task;

	while ((task = task_table_next(&table, 0)))
		held_drop(held_of(task));
}
