/* SPDX-License-Identifier: GPL-2.0 */
/* The tasks whose contexts we hold, until they exit. */
#ifndef UFFD_WP_KEEPER_HELD_H
#define UFFD_WP_KEEPER_HELD_H

#include "loop.h"
#include "tasks.h"

/* A task with its descriptors. */
struct held_task {
	struct task task;
	int uffd;
	struct source exit; /* the pidfd, readable when the task has exited */
};

/* max: number of tasks, two descriptors each. */
void held_init(size_t max);

struct task_table *held_table(void);

/* NULL: not held. */
struct held_task *held_find(const struct task_id *id);

/*
 * Holds a task from now on, instead of the one with the same id. On success the
 * descriptors are taken over. -ENOSPC, -ENOMEM, or what epoll_ctl(2) says.
 */
int held_put(const struct task_id *id, int uffd, int pidfd);

/* Closes the context: unless something else holds it, too, the kernel ends the tracking. */
void held_drop(struct held_task *held);

void held_drop_all(void);

#endif /* UFFD_WP_KEEPER_HELD_H */
