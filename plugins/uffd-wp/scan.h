/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mechanism: PAGEMAP_SCAN.
 *
 * All addresses are bytes, page-aligned; ranges are half-open [start, end) and
 * must lie within one VMA: a protecting scan must not span VMAs.
 * The pagemap descriptor (/proc/PID/pagemap, O_RDONLY) stays the caller's.
 */
#ifndef UFFD_WP_SCAN_H
#define UFFD_WP_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "uapi.h"

/*
 * One contiguous region as the kernel reported it. Called in ascending order,
 * regions do not overlap. Non-zero stops the scan; scan_range() returns it.
 */
typedef int (*scan_fn)(void *arg, const struct page_region *region);

/* Opens /proc/PID/pagemap. A descriptor (close-on-exec, the caller's) or -errno. */
int pagemap_open(pid_t pid);

#define SCAN_PROTECT  (1 << 0) /* get and clear: write-protect what is reported */
#define SCAN_FILE_VMA (1 << 1) /* private file mapping: leave out pages of the page cache */
#define SCAN_HUGE     (1 << 2) /* huge pages (hugetlb): the range is scanned at once, see huge.h */

/*
 * Reports every page of the range that has content of its own (present or
 * swapped out, not the zero page, not a guard, and with SCAN_FILE_VMA not a
 * page of the file), with categories out of PRESENT, SWAPPED and WRITTEN.
 * Cost grows with populated page tables, not with end - start. One system call
 * reports at most SCAN_CHUNK bytes of pages, so that the target's own mmap()
 * calls do not wait long for the mmap lock.
 * Returns 0, what fn returned, or -errno:
 *  -ESRCH  the task is gone
 *  -EPERM  (SCAN_PROTECT) the range is not registered for async write protection
 */
int scan_range(int pagemap_fd, uint64_t start, uint64_t end, unsigned int flags, scan_fn fn, void *arg);

/*
 * One system call of scan_range(): reports at most SCAN_CHUNK bytes of pages, and
 * moves *start to where the next one goes on. On an error pages of the rest of
 * the range may have been protected and not reported. 0, what fn returned, or
 * -errno as scan_range().
 */
int scan_step(int pagemap_fd, uint64_t *start, uint64_t end, unsigned int flags, scan_fn fn, void *arg);

/*
 * How many pages with content of their own [start, end) has, counted up to max.
 * The range may span mappings. Number or -errno.
 */
long scan_count(int pagemap_fd, uint64_t start, uint64_t end, unsigned long max);

/*
 * 1 when the VMA at start is registered with some asynchronous userfaultfd
 * (whose, only UFFDIO_REGISTER tells), 0 when not, or -errno. Constant time.
 */
int scan_is_wp_async(int pagemap_fd, uint64_t start, uint64_t end);

/*
 * 1 when some page of the range carries the write-protected bit, 0 when none
 * does, or -errno. In a VMA that is not registered such bits are stale: mremap()
 * can leave them behind (before Linux 6.12.11, and where VMAs merge), and would
 * read as "not WRITTEN" for ever once the VMA is registered again.
 */
int scan_has_protected(int pagemap_fd, uint64_t start, uint64_t end);

#define SCAN_CHUNK (64ULL << 20)

#endif /* UFFD_WP_SCAN_H */
