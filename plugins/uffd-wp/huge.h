/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Private mappings of huge pages (hugetlb): what PAGEMAP_SCAN says of them means less than it does of small pages, and
 * kernels before 7.2 go wrong where a scan cuts a huge page. See docs/design.md, "Huge pages".
 */
#ifndef UFFD_WP_HUGE_H
#define UFFD_WP_HUGE_H

#include <stdint.h>

#include "mm.h"
#include "policy.h"

/* Of one mapping. The descriptor stays the caller's. */
struct huge_scan {
	struct mm *mm;
	struct vma_facts facts;
	int pagemap;
	uint64_t page_size; /* bytes */
	bool protect;
};

/*
 * Scans from *start on, which is the start of a huge page, adds what it finds to mm->runs and mm->stats, and moves
 * *start to where the next one goes on: up to SCAN_CHUNK bytes, or one huge page.
 * 0, or -errno as scan_step(); -EOPNOTSUPP: the kernel can't protect pages of this size, and none is.
 */
int huge_scan_step(const struct huge_scan *scan, uint64_t *start, uint64_t end);

#endif /* UFFD_WP_HUGE_H */
