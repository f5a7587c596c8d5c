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
 * pages it reports. VMAs are registered on the way. 0 or -errno, reported.
 */
int snapshot_take(struct mm *mm, const struct cr_mem_snapshot *request, bool parent_valid);

/* CLOCK_MONOTONIC, for mm->stats. */
uint64_t now_us(void);

/* Adds pages as PAGEMAP_SCAN reported them to mm->runs and mm->stats. 0 or -ENOMEM. */
int snapshot_add(struct mm *mm, const struct vma_facts *facts, const struct page_region *region);

#endif /* UFFD_WP_SNAPSHOT_H */
