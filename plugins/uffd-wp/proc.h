/* SPDX-License-Identifier: GPL-2.0 */
/* Files of a task in /proc. */
#ifndef UFFD_WP_PROC_H
#define UFFD_WP_PROC_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Opens /proc/PID/NAME to read it, close-on-exec. NULL: errno. */
FILE *proc_fopen(pid_t pid, const char *name);

/*
 * After something in /proc/PID could not be opened: whether nothing is known about
 * the task, for want of descriptors or memory, say. Else it is gone. Looks at errno.
 */
bool proc_in_doubt(void);

#endif /* UFFD_WP_PROC_H */
