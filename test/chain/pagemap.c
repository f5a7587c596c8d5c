// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <unistd.h>

#include "pagemap.h"

#define NR_REGIONS 512

/* Entries of /proc/PID/pagemap, see the kernel's Documentation/admin-guide/mm/pagemap.rst. */
#define ENTRY_PRESENT (1ULL << 63)
#define ENTRY_SWAPPED (1ULL << 62)

static uint64_t entry_categories(uint64_t entry)
{
	return (entry & ENTRY_PRESENT ? PAGE_IS_PRESENT : 0) | (entry & ENTRY_SWAPPED ? PAGE_IS_SWAPPED : 0);
}

/* Before Linux 6.7: page by page, PRESENT and SWAPPED only. */
static int pagemap_read(int pagemap_fd, uint64_t start, uint64_t end, uint64_t anyof, region_fn fn, void *arg)
{
	uint64_t entries[NR_REGIONS], page = sysconf(_SC_PAGESIZE);
	struct page_region region;
	ssize_t i, len;
	int ret;

	while (start < end) {
		size_t nr = (end - start) / page < NR_REGIONS ? (end - start) / page : NR_REGIONS;

		len = pread(pagemap_fd, entries, nr * sizeof(*entries), start / page * sizeof(*entries));
		if (len <= 0)
			return len ? -errno : -EIO;
		for (i = 0; i < len / (ssize_t)sizeof(*entries); i++, start += page) {
			region = (struct page_region){ start, start + page, entry_categories(entries[i]) };
			ret = region.categories & anyof ? fn(arg, &region) : 0;
			if (ret)
				return ret;
		}
	}
	return 0;
}

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
		if (nr < 0 && errno == ENOTTY && !flags && !(anyof & ~(PAGE_IS_PRESENT | PAGE_IS_SWAPPED)))
			return pagemap_read(pagemap_fd, start, end, anyof, fn, arg);
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
