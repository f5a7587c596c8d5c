/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a keeper that is started anew finds again: the service manager stores our descriptors (FDSTORE in sd_notify(3)),
 * and with them a file in memory that has the rest of each task. Without a service manager nothing here does anything.
 *
 * Losing any of it loses no data: a task that is not found is not tracked any more, and dumped in full.
 */
#ifndef UFFD_WP_KEEPER_STORE_H
#define UFFD_WP_KEEPER_STORE_H

#include "tasks.h"

/* Where a task is stored. */
struct store_place {
	int slot; /* -1: nowhere */
};

/* Takes a task and its descriptors over. 0 or -errno: then the descriptors stay the caller's. */
typedef int (*store_restore_fn)(const struct task *task, struct store_place place, int uffd, int pidfd);

/*
 * Finds what was passed to us again and calls restore() for each task that is complete and lives. To be called once,
 * after notify_init().
 */
void store_open(store_restore_fn restore);

/* A task that is not stored, and is in use. The descriptors stay the caller's. */
struct store_place store_add(const struct task *task, int uffd, int pidfd);

/* Its epoch or mark has changed; to be called before anybody learns of it. */
void store_update(struct store_place place, const struct task *task);

/* Whether a client may be at work on it. If we die then, it is not found again: what we'd be told is not known. */
void store_in_use(struct store_place place, bool in_use);

void store_remove(struct store_place place);

#endif /* UFFD_WP_KEEPER_STORE_H */
