// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "huge.h"
#include "scan.h"
#include "snapshot.h"
#include "wp.h"

/* How much of a page is read at a time to see whether it is zeros; most pages are not in the first bytes. */
#define FIRST_LOOK 4096
#define LOOK	   65536

/* One call of huge_scan_step() */
struct step {
	const struct huge_scan *scan;
	int mem; /* /proc/PID/mem, opened when it is needed; -1: not yet */
};

static bool all_zero(const char *buf, size_t len)
{
	return !buf[0] && !memcmp(buf, buf + 1, len - 1);
}

/* Or can't be read. */
static bool page_is_zero(struct step *step, uint64_t start)
{
	uint64_t size = step->scan->page_size, off, len;
	char buf[LOOK], path[64];

	if (step->mem < 0) {
		snprintf(path, sizeof(path), "/proc/%d/mem", step->scan->mm->pid);
		step->mem = open(path, O_RDONLY | O_CLOEXEC);
	}

	for (off = 0; off < size; off += len) {
		len = off ? LOOK : FIRST_LOOK;
		if (len > size - off)
			len = size - off;
		if (pread(step->mem, buf, len, start + off) != (ssize_t)len)
			return true;
		if (!all_zero(buf, len))
			return false;
	}

	return true;
}

static int add(struct step *step, uint64_t start, uint64_t end, bool dirty)
{
	struct page_region part = { .start = start, .end = end, .categories = dirty ? PAGE_IS_WRITTEN : 0 };

	return snapshot_add(step->scan->mm, &step->scan->facts, &part);
}

/* What has the protected bit, and is zeros, may have come in place of a page that was dropped. */
static int add_unless_zero(struct step *step, const struct page_region *region)
{
	uint64_t size = step->scan->page_size, start;
	int ret = 0;

	for (start = region->start; start < region->end && !ret; start += size)
		ret = add(step, start, start + size, page_is_zero(step, start));

	return ret;
}

static int add_as_dirty(void *arg, const struct page_region *region)
{
	return add(arg, region->start, region->end, true);
}

/*
 * A marker where a page was dropped, or a page on its way to another place. Without protection the one is a hole, of
 * which nothing is reported, and the other one is written.
 */
static int look_again(struct step *step, const struct page_region *region)
{
	const struct huge_scan *scan = step->scan;

	if (wp_unprotect(scan->mm->uffd, region->start, region->end, scan->page_size))
		return add_as_dirty(step, region);

	return scan_range(scan->pagemap, region->start, region->end, SCAN_HUGE | (scan->protect ? SCAN_PROTECT : 0),
			  add_as_dirty, step);
}

static int add_region(void *arg, const struct page_region *region)
{
	struct step *step = arg;

	switch (huge_page_state(&step->scan->facts, region->categories)) {
	case HUGE_CLEAN_UNLESS_ZERO:
		return add_unless_zero(step, region);
	case HUGE_UNKNOWN:
		return look_again(step, region);
	default:
		return add_as_dirty(step, region);
	}
}

int huge_scan_step(const struct huge_scan *scan, uint64_t *start, uint64_t end)
{
	uint64_t piece = huge_scan_piece(scan->page_size, sysconf(_SC_PAGESIZE), SCAN_CHUNK);
	struct step step = { .scan = scan, .mem = -1 };
	uint64_t from = *start;
	int ret;

	if (end - from > piece)
		end = from + piece;

	ret = scan_step(scan->pagemap, start, end, SCAN_HUGE | (scan->protect ? SCAN_PROTECT : 0), add_region, &step);
	if (step.mem >= 0)
		close(step.mem);

	/* It was one page, which was given up: walk_end is where the scan began. */
	if (ret == -EIO && scan->protect && *start == from)
		ret = -EOPNOTSUPP;
	return ret;
}
