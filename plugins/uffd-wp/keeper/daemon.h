/* SPDX-License-Identifier: GPL-2.0 */
/* Making a process that keeps nothing of whoever started it. */
#ifndef UFFD_WP_KEEPER_DAEMON_H
#define UFFD_WP_KEEPER_DAEMON_H

#include <stddef.h>

/*
 * Signal dispositions and mask, descriptors from first_fd on, working directory
 * and umask: the keeper is started by CRIU, which has handlers, blocks signals
 * and holds descriptors of its target.
 */
void shed_inheritance(int first_fd);

/*
 * Goes on in a process without controlling terminal whose parent is init. The
 * calling process waits there for daemon_ready() and exits with its status, so
 * this returns in the new process only: 0 or -errno, before the fork.
 */
int daemonize(void);

/* Lets the process that called daemonize() exit with the status and detaches from its stdin, stdout and stderr. */
void daemon_ready(int status);

/*
 * Leaves the cgroup of the starter for the root of every mounted hierarchy, as
 * far as that is allowed: a container's cgroup must be empty to be removed, and
 * is frozen or killed as a whole.
 */
void leave_cgroups(void);

/* Raises the limit of open descriptors as far as allowed, up to wanted. Returns the limit. */
size_t raise_fd_limit(size_t wanted);

#endif /* UFFD_WP_KEEPER_DAEMON_H */
