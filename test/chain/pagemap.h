/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A plain PAGEMAP_SCAN for the tests. It does not share code with the plugin's:
 * a test that used the tested scanner would share its mistakes.
 */
#ifndef CHAIN_PAGEMAP_H
#define CHAIN_PAGEMAP_H

#include <stdint.h>

#include "../../plugins/uffd-wp/uapi.h"

typedef int (*region_fn)(void *arg, const struct page_region *region);

/*
 * Calls fn for every page region of [start, end) (bytes, page-aligned) that has
 * at least one of the categories anyof; flags are PM_SCAN_*. The regions carry
 * PRESENT, SWAPPED, WRITTEN, FILE and PFNZERO. Returns 0, what fn returned, or -errno.
 * Kernels without the ioctl: each page is a region, and only PRESENT and SWAPPED
 * are known, else -ENOTTY.
 */
int pagemap_scan(int pagemap_fd, uint64_t start, uint64_t end, uint64_t anyof, uint64_t flags, region_fn fn,
		 void *arg);

#endif /* CHAIN_PAGEMAP_H */
