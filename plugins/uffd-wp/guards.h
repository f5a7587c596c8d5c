/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guard regions (MADV_GUARD_INSTALL, Linux 6.13) on kernels whose PAGEMAP_SCAN
 * does not tell them from pages that are swapped out (before 6.15). They are
 * markers in the page table, and /proc/PID/pagemap shows those to who has
 * CAP_SYS_ADMIN in the initial user namespace.
 */
#ifndef UFFD_WP_GUARDS_H
#define UFFD_WP_GUARDS_H

#include <stdbool.h>

#include "scan.h"
#include "uapi.h"

/* Whether the kernel has guard regions. */
bool guards_exist(void);

/*
 * Calls fn for what of the region, which was reported as SWAPPED, is not a guard.
 * What can't be told, or has changed since, counts as WRITTEN: nobody knows whether
 * the parent images have it. 0, what fn returned, or -errno.
 */
int guards_leave_out(int pagemap_fd, const struct page_region *region, scan_fn fn, void *arg);

#endif /* UFFD_WP_GUARDS_H */
