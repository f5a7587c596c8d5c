/* SPDX-License-Identifier: GPL-2.0 */
/* The tasks whose contexts we hold, until they exit. */
#ifndef UFFD_WP_KEEPER_HELD_H
#define UFFD_WP_KEEPER_HELD_H

#include "loop.h"
#include "store.h"
#include "tasks.h"

/* A task with its descriptors. */
struct held_task {
	struct task task;
	int uffd;
	struct source exit; /* the pidfd, readable when the task has exited */
	struct store_place stored;
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

/* Holds what the keeper before us held, as far as it can be found again. */
void held_restore(void);

/* The epoch or the mark of a task has changed; NULL: those of any tasks. Before anybody learns of it. */
void held_changed(const struct held_task *held);

/* A client learns of the context, and may do to the task what we cannot know, until there is no client. */
void held_used(const struct held_task *held);
void held_all_unused(void);

/* Closes the context: unless something else holds it, too, the kernel ends the tracking. */
void held_drop(struct held_task *held);

#endif /* UFFD_WP_KEEPER_HELD_H */
