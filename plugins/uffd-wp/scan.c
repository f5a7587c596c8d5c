// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "guards.h"
#include "scan.h"

/*
 * The kernel walks with the mmap lock held until its own buffer of 512 regions
 * (PAGEMAP_WALK_SIZE, fs/proc/task_mmu.c) is full, so a larger vector saves
 * system calls but does not hold the lock longer.
 */
#define SCAN_REGIONS 4096

#define HAS_CONTENT (PAGE_IS_PRESENT | PAGE_IS_SWAPPED)

/*
 * Guard regions are markers in the page table, which the kernel reports as
 * SWAPPED. Kernels before 6.15 answer EINVAL to any mask that names them; see
 * guards.h for how they are told from others there.
 */
static uint64_t guard_category(int pagemap_fd)
{
	static int known = -1;

	if (known < 0) {
		struct pm_scan_arg probe = { .size = sizeof(probe), .return_mask = PAGE_IS_GUARD };

		known = ioctl(pagemap_fd, PAGEMAP_SCAN, &probe) == 0;
	}

	return known ? PAGE_IS_GUARD : 0;
}

static uint64_t excluded_categories(int pagemap_fd, unsigned int flags)
{
	uint64_t excluded = PAGE_IS_PFNZERO | guard_category(pagemap_fd);

	/* Looks at struct page, which makes the scan four times slower: only where it matters. */
	if (flags & SCAN_FILE_VMA)
		excluded |= PAGE_IS_FILE;

	return excluded;
}

static int report(int pagemap_fd, const struct page_region *regions, long nr, unsigned int flags, scan_fn fn, void *arg)
{
	bool look_swapped = !(flags & SCAN_HUGE) && !guard_category(pagemap_fd) && guards_exist();
	int ret = 0;
	long i;

	for (i = 0; i < nr && !ret; i++)
		ret = look_swapped && (regions[i].categories & PAGE_IS_SWAPPED) ?
			      guards_leave_out(pagemap_fd, &regions[i], fn, arg) : fn(arg, &regions[i]);

	return ret;
}

/*
 * Where to go on. walk_end alone is not the answer: one ioctl is several walks
 * inside, and when the last of them comes to the end of the range walk_end still
 * is where the one before it ran out of buffer (seen in Linux 6.18). What was
 * reported behind it was protected, and would be reported again, as not written.
 */
static uint64_t next_start(const struct pm_scan_arg *scan, const struct page_region *regions, long nr)
{
	uint64_t reported = nr ? regions[nr - 1].end : 0;

	return scan->walk_end > reported ? scan->walk_end : reported;
}

/* The masks of design.md: every page with content of its own, and whether it was written. */
static void fill_masks(struct pm_scan_arg *scan, int pagemap_fd, unsigned int flags)
{
	uint64_t excluded = excluded_categories(pagemap_fd, flags);

	scan->flags = flags & SCAN_PROTECT ? PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC : 0;
	scan->category_inverted = excluded;
	scan->category_mask = excluded;
	scan->category_anyof_mask = HAS_CONTENT;
	scan->return_mask = HAS_CONTENT | PAGE_IS_WRITTEN;
}

int pagemap_open(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/*
 * How far an ioctl goes in a file mapping. max_pages does not end it where no page matches, which in such a mapping
 * may be most of them, and the target's own mmap() waits for it.
 */
#define FILE_PIECE (256ULL << 20)

int scan_step(int pagemap_fd, uint64_t *start, uint64_t end, unsigned int flags, scan_fn fn, void *arg)
{
	uint64_t piece = flags & SCAN_FILE_VMA ? FILE_PIECE : UINT64_MAX;
	struct page_region regions[SCAN_REGIONS];
	struct pm_scan_arg scan = {
		.size = sizeof(scan),
		.start = *start,
		.end = end - *start > piece ? *start + piece : end,
		.vec = (uintptr_t)regions,
		.vec_len = SCAN_REGIONS,
		.max_pages = (flags & SCAN_HUGE ? end - *start : SCAN_CHUNK) / sysconf(_SC_PAGESIZE),
	};
	uint64_t next;
	long nr;
	int ret;

	fill_masks(&scan, pagemap_fd, flags);
	do
		nr = ioctl(pagemap_fd, PAGEMAP_SCAN, &scan);
	while (nr < 0 && errno == EINTR);
	if (nr < 0)
		return -errno;

	ret = report(pagemap_fd, regions, nr, flags, fn, arg);
	if (ret)
		return ret;

	next = next_start(&scan, regions, nr);
	/* Before Linux 7.2 a huge page that can't be protected: no progress. Never loop on it. */
	if (next <= *start)
		return -EIO;

	*start = next;
	return 0;
}

int scan_range(int pagemap_fd, uint64_t start, uint64_t end, unsigned int flags, scan_fn fn, void *arg)
{
	int ret = 0;

	while (!ret && start < end)
		ret = scan_step(pagemap_fd, &start, end, flags, fn, arg);

	return ret;
}

static int add_pages(void *arg, const struct page_region *region)
{
	*(uint64_t *)arg += (region->end - region->start) / sysconf(_SC_PAGESIZE);
	return 0;
}

long scan_count(int pagemap_fd, uint64_t start, uint64_t end, unsigned long max)
{
	uint64_t nr = 0;
	int ret = 0;

	while (!ret && start < end && nr < max)
		ret = scan_step(pagemap_fd, &start, end, 0, add_pages, &nr);

	return ret ?: (long)nr;
}

/* Looks for the first page that satisfies the masks: 1, 0 or -errno. */
static int scan_any(int pagemap_fd, struct pm_scan_arg *scan)
{
	struct page_region region;
	long nr;

	scan->size = sizeof(*scan);
	scan->vec = (uintptr_t)&region;
	scan->vec_len = 1;
	scan->max_pages = 1;

	do
		nr = ioctl(pagemap_fd, PAGEMAP_SCAN, scan);
	while (nr < 0 && errno == EINTR);

	return nr < 0 ? -errno : nr > 0;
}

int scan_is_wp_async(int pagemap_fd, uint64_t start, uint64_t end)
{
	struct pm_scan_arg scan = {
		.start = start,
		.end = end,
		.category_mask = PAGE_IS_WPALLOWED,
		.return_mask = PAGE_IS_WPALLOWED,
	};

	return scan_any(pagemap_fd, &scan);
}

int scan_has_protected(int pagemap_fd, uint64_t start, uint64_t end)
{
	uint64_t guard = guard_category(pagemap_fd);
	struct pm_scan_arg scan = {
		.start = start,
		.end = end,
		.category_inverted = PAGE_IS_WRITTEN | guard,
		.category_mask = PAGE_IS_WRITTEN | guard,
		.category_anyof_mask = HAS_CONTENT,
		.return_mask = HAS_CONTENT,
	};

	return scan_any(pagemap_fd, &scan);
}
