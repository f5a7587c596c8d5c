/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Policy: which pages may be left to the parent images. Pure functions of what
 * was observed; no system calls. The rule is "in doubt, dump".
 */
#ifndef UFFD_WP_POLICY_H
#define UFFD_WP_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* What is known about a VMA when its pages are scanned. */
struct vma_facts {
	bool ours_before;  /* registered with our context before this run began */
	bool parent_valid; /* see parent_is_valid() */
};

/*
 * The parent images may be relied on when the last run that protected the task
 * and committed is the very run that made them. epoch: "" when no run
 * committed; parent_run_id: NULL when there are no parent images.
 */
bool parent_is_valid(const char *epoch, const char *parent_run_id);

/*
 * A live run stops a task to register mappings that are new when they have this
 * many pages; fewer stay unregistered, and are left to the last dump. Measured
 * (docs/design.md): a stop to register took 0.1 ms, 512 pages more cost the last
 * dump about 2 ms. More stops than that are avoided because each one is a use of
 * ptrace on a running service.
 */
#define NEW_PAGES_WORTH_A_STOP 512

/* categories: what PAGEMAP_SCAN reports for a populated page. */
bool page_is_dirty(const struct vma_facts *vma, uint64_t categories);

/*
 * Of a huge page (hugetlb). Where the kernel drops a protected one it leaves a marker, and what a read brings to its
 * place later is zeros with the protected bit.
 */
enum huge_state {
	HUGE_DIRTY,
	HUGE_CLEAN_UNLESS_ZERO, /* its content tells */
	HUGE_UNKNOWN,		/* a marker, or a page that is moved right now, which the scan can't tell apart */
};

enum huge_state huge_page_state(const struct vma_facts *vma, uint64_t categories);

/*
 * How many bytes one scan of huge pages may have. Before Linux 7.2 it must not cut one, and of any other size than that
 * of a page table's worth it passes by without a word, but for the last one of the range: so it gets one.
 * huge_size: of the pages; page_size: of small ones; chunk: the most, a multiple of huge_size if larger. All in bytes.
 */
uint64_t huge_scan_piece(uint64_t huge_size, uint64_t page_size, uint64_t chunk);

/*
 * Whether PAGEMAP_SCAN goes on reporting pages as written while they are pinned, and block devices pin what they write
 * to. features: what UFFDIO_API says; release: what uname(2) says.
 */
bool kernel_reports_pinned(uint64_t features, const char *release);

/*
 * Whether direct I/O on a regular file, or on a block device, of a file system pins the memory that it writes to, on
 * kernels of which kernel_reports_pinned() is true. fstype: as in mountinfo.
 */
bool direct_io_pins(const char *fstype, bool block_device);

#endif /* UFFD_WP_POLICY_H */
