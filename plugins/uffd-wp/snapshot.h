/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_SNAPSHOT_H
#define UFFD_WP_SNAPSHOT_H

#include <stdbool.h>

#include "criu-api.h"
#include "mm.h"

/*
 * Takes the snapshot of an address space into mm->runs and mm->stats: one
 * PAGEMAP_SCAN for each VMA, which with request->track protects exactly the
 * pages it reports. VMAs are registered on the way. 0 or -errno, reported.
 */
int snapshot_take(struct mm *mm, const struct cr_mem_snapshot *request, bool parent_valid);

#endif /* UFFD_WP_SNAPSHOT_H */
