/* SPDX-License-Identifier: GPL-2.0 */
/* What a descriptor that a client sent really is. The descriptors stay the caller's. */
#ifndef UFFD_WP_KEEPER_FD_CHECK_H
#define UFFD_WP_KEEPER_FD_CHECK_H

#include "../keeper-client.h"

/* 0, or -EBADF when it is anything else. */
int check_userfaultfd(int fd);

/*
 * A pidfd of a task that lives and, where its pid is one of our own pid
 * namespace, is the task that id names.
 * -EBADF: not a pidfd, or of another pid. -ESRCH: the task is gone, or started at another time.
 */
int check_pidfd(int fd, const struct task_id *id);

#endif /* UFFD_WP_KEEPER_FD_CHECK_H */
