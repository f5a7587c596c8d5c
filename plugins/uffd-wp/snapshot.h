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
int snapshot_take(struct mm *mm, const struct cr_mem_snapshot *request, bool parent_valid, bool last);

/* CLOCK_MONOTONIC, for mm->stats. */
uint64_t now_us(void);

/* Adds pages as PAGEMAP_SCAN reported them to mm->runs and mm->stats. 0 or -ENOMEM. */
int snapshot_add(struct mm *mm, const struct vma_facts *facts, const struct page_region *region);

/*
 * Pages of a file mapping that are the file's have no place in the images. If one is protected nevertheless, out of
 * a marker (see policy.c) that was read, and is then dropped and written, it would look clean to the next run, with
 * nothing in the parent images: removes that protection. Bytes, [start, end). 0 or -errno.
 */
int unprotect_file_pages(int pagemap, int uffd, uint64_t start, uint64_t end);

#endif /* UFFD_WP_SNAPSHOT_H */
