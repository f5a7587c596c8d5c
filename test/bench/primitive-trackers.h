/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ways to find out which pages of a target changed, and the plain copy of
 * them. Each function returns nanoseconds; it prints a message and exits when
 * something fails.
 */
#ifndef PRIMITIVE_TRACKERS_H
#define PRIMITIVE_TRACKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "primitive-target.h"

/* What one look at a target found. Owns runs. */
struct found {
	uint64_t nr_pages; /* that have content */
	uint64_t nr_dirty;
	struct iovec *runs; /* of dirty pages, ascending; iov_len bytes */
	size_t nr_runs;
	size_t capacity;
};

void found_free(struct found *f);

/* userfaultfd write protection, by the product's own scan.c and wp.c. */
uint64_t ours_register(struct target *t);
uint64_t ours_unprotect(struct target *t);
/* Get and protect at once. */
uint64_t ours_scan(struct target *t, struct found *f);

/* Whether the kernel really keeps soft-dirty bits: tried with a page that is written and one that is not. */
bool soft_dirty_works(void);
/* By reading 8 bytes for each page of address space from pagemap. */
uint64_t soft_dirty_read(struct target *t, struct found *f);
/* By PAGEMAP_SCAN, masks like ours. */
uint64_t soft_dirty_scan(struct target *t, struct found *f);
uint64_t soft_dirty_clear(struct target *t);

/* process_vm_readv of the dirty pages of f into a buffer of COPY_BUFFER bytes that is used again and again. */
uint64_t copy_dirty(struct target *t, const struct found *f);

#define COPY_BUFFER (1 << 20)

#endif /* PRIMITIVE_TRACKERS_H */
