/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One run at a time works on a task. Two that do protect each other's pages: what
 * the one takes as not written the other may have stored in images that the first
 * one's parent images do not know. It happens easily, since the process that does
 * the work of a pre-dump goes on when criu is killed.
 *
 * A lock is a byte of the file TASK_LOCKS (F_OFD_SETLK, fcntl(2)); the kernel takes
 * it back when the descriptor is closed, by whatever end of the process. Everybody
 * who uses the same keeper sees the same file, as it is in the same directory.
 */
#ifndef UFFD_WP_TASK_LOCK_H
#define UFFD_WP_TASK_LOCK_H

#include "keeper-client.h"

#define TASK_LOCKS KEEPER_DIR "/uffd-wp-tasks.lock"

/* Opens the file, which has no lock then. The keeper's directory must be there. A descriptor of the caller's, or -errno. */
int task_locks_open(void);

/*
 * Locks the task until the descriptor is closed; again, if it is locked by it already.
 * Looks at pid, start_time and pidns of id. 0, -EBUSY: another run works on it, or another -errno.
 */
int task_lock(int locks, const struct task_id *id);

#endif /* UFFD_WP_TASK_LOCK_H */
