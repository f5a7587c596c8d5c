/* SPDX-License-Identifier: GPL-2.0 */
/* The process that is to be dumped, by a pidfd: its pid may be another's some day. */
#ifndef UFFD_WP_CTL_TARGET_H
#define UFFD_WP_CTL_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

/* A pidfd of a process that runs, close-on-exec, for the caller to close; -1: reported. */
int target_open(pid_t pid);

/* A zombie has ended, too. */
bool target_ended(int pidfd);

/* Says that it has ended. */
void target_report_ended(pid_t pid);

#endif /* UFFD_WP_CTL_TARGET_H */
