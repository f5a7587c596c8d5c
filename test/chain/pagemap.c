// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "pagemap.h"

#define NR_REGIONS 512

int pagemap_scan(int pagemap_fd, uint64_t start, uint64_t end, uint64_t anyof, uint64_t flags, region_fn fn,
		 void *arg)
{
	struct page_region regions[NR_REGIONS];
	int i, nr, ret;

	while (start < end) {
		struct pm_scan_arg scan = {
			.size = sizeof(scan),
			.flags = flags,
			.start = start,
			.end = end,
			.vec = (uintptr_t)regions,
			.vec_len = NR_REGIONS,
			.category_anyof_mask = anyof,
			.return_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED | PAGE_IS_WRITTEN | PAGE_IS_FILE |
				       PAGE_IS_PFNZERO,
		};

		nr = ioctl(pagemap_fd, PAGEMAP_SCAN, &scan);
		if (nr < 0)
			return -errno;
		for (i = 0; i < nr; i++) {
			ret = fn(arg, &regions[i]);
			if (ret)
				return ret;
		}
		/* 1 GiB hugetlb pages: kernels before 7.2 do not get past them. */
		if (scan.walk_end <= start)
			return -EIO;
		start = scan.walk_end;
	}
	return 0;
}
