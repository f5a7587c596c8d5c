/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CONTEXT_H
#define UFFD_WP_CONTEXT_H

#include <stdbool.h>

#include "keeper-client.h"

/*
 * Opens a context of the task's mm from outside, whether it runs or is stopped, where the kernel can do that
 * (USERFAULTFD_IOC_NEW_PIDFD, a patch in kernel-patches) and /dev/userfaultfd may be opened. id: of the task, with its
 * exec_id; the context is that of the memory it names. The descriptor is the caller's, or -errno: then a parasite has
 * to open one.
 */
int context_open(const struct task_id *id);

/* Whether mappings can be registered while their task runs: UFFD_FEATURE_REGISTER_EXACT, also in kernel-patches. */
bool context_registers_exactly(void);

/* Whether writes through pinned pages are reported: see kernel_reports_pinned(). */
bool context_reports_pinned(void);

#endif /* UFFD_WP_CONTEXT_H */
