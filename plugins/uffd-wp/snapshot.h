/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_SNAPSHOT_H
#define UFFD_WP_SNAPSHOT_H

#include <stdbool.h>

#include "criu-api.h"
#include "mm.h"
#include "policy.h"
#include "uapi.h"

/*
 * Takes the snapshot of an address space into mm->runs and mm->stats: one
 * PAGEMAP_SCAN for each VMA, which with request->track protects exactly the
 * pages it reports. VMAs are registered on the way.
 * Private mappings of files are not tracked: the kernel leaves markers where
 * their protected pages were dropped, and MADV_GUARD_INSTALL over a protected
 * page never returns (see docs/design.md). All their pages are in the last dump,
 * so pre-dumps store none of them.
 * 0 or -errno, reported.
 */
int snapshot_take(struct mm *mm, const struct cr_mem_snapshot *request, bool parent_valid, bool last);

/* CLOCK_MONOTONIC, for mm->stats. */
uint64_t now_us(void);

/* Adds pages as PAGEMAP_SCAN reported them to mm->runs and mm->stats. 0 or -ENOMEM. */
int snapshot_add(struct mm *mm, const struct vma_facts *facts, const struct page_region *region);

#endif /* UFFD_WP_SNAPSHOT_H */
