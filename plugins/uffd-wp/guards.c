// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guards.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* A pagemap entry: Documentation/admin-guide/mm/pagemap.rst; markers: include/linux/swapops.h (PTE_MARKER_GUARD). */
#define ENTRY_GUARD	  (1ULL << 58) /* Linux 6.15 */
#define ENTRY_SWAPPED	  (1ULL << 62)
#define ENTRY_SWAP(entry) ((entry) & ((1ULL << 55) - 1)) /* 0: hidden from us */
#define SWAP_TYPE(swap)	  ((swap) & 0x1f)
#define SWAP_OFFSET(swap) ((swap) >> 5)
#define TYPE_MARKER	  0x1f
#define MARKER_GUARD	  (1 << 2)

#define ENTRIES 512

bool guards_exist(void)
{
	static int known = -1;
	size_t page_size = sysconf(_SC_PAGESIZE);
	void *page;

	if (known < 0) {
		page = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (page == MAP_FAILED)
			return true; /* in doubt look for them */
		known = madvise(page, page_size, MADV_GUARD_INSTALL) == 0;
		munmap(page, page_size);
	}

	return known;
}

static bool is_guard(uint64_t entry)
{
	if (entry & ENTRY_GUARD)
		return true;

	return (entry & ENTRY_SWAPPED) && SWAP_TYPE(ENTRY_SWAP(entry)) == TYPE_MARKER &&
	       (SWAP_OFFSET(ENTRY_SWAP(entry)) & MARKER_GUARD);
}

/* Hidden, or not what it was when it was reported: the task may run. */
static bool is_unknown(uint64_t entry)
{
	return !(entry & ENTRY_SWAPPED) || !ENTRY_SWAP(entry);
}

/* Up to nr pages from the start of the region on. */
static int leave_out(const uint64_t *entries, size_t nr, const struct page_region *region, scan_fn fn, void *arg)
{
	uint64_t page_size = sysconf(_SC_PAGESIZE);
	size_t i = 0, first;
	int ret = 0;

	while (i < nr && !ret) {
		struct page_region part = *region;
		bool guard = is_guard(entries[i]);

		for (first = i; i < nr && is_guard(entries[i]) == guard; i++)
			if (is_unknown(entries[i]))
				part.categories |= PAGE_IS_WRITTEN;

		part.start = region->start + first * page_size;
		part.end = region->start + i * page_size;
		if (!guard)
			ret = fn(arg, &part);
	}

	return ret;
}

int guards_leave_out(int pagemap_fd, const struct page_region *region, scan_fn fn, void *arg)
{
	uint64_t page_size = sysconf(_SC_PAGESIZE);
	struct page_region rest = *region;
	uint64_t entries[ENTRIES];
	int ret = 0;

	while (!ret && rest.start < region->end) {
		size_t nr = (region->end - rest.start) / page_size;
		ssize_t len;

		if (nr > ENTRIES)
			nr = ENTRIES;
		len = pread(pagemap_fd, entries, nr * sizeof(*entries), rest.start / page_size * sizeof(*entries));
		if (len != (ssize_t)(nr * sizeof(*entries)))
			return len < 0 ? -errno : -EIO;
		ret = leave_out(entries, nr, &rest, fn, arg);
		rest.start += nr * page_size;
	}

	return ret;
}
