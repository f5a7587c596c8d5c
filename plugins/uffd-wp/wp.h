/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mechanism: write protection through a userfaultfd.
 *
 * All addresses and lengths are bytes, multiples of the page size; ranges are
 * half-open [start, end). No function here takes or closes a descriptor, none
 * prints: they return 0 or -errno.
 */
#ifndef UFFD_WP_WP_H
#define UFFD_WP_WP_H

#include <stdint.h>

/*
 * Registers the range with the context for write protection. A no-op where the
 * same context has it already.
 *  -EBUSY          another userfaultfd owns (part of) the range
 *  -EPERM, -EINVAL the kernel cannot track this kind of mapping
 *  -ENOMEM, -ESRCH the mm of the context is gone (exec or exit), or nothing is
 *                  mapped there (both are documented as such or measured)
 */
int wp_register(int uffd, uint64_t start, uint64_t end);

/*
 * As wp_register(), of a task that runs: only if the range is that of one
 * mapping, from its start to its end; -EAGAIN if it is not. -EINVAL where the
 * kernel can't do that, see context_registers_exactly().
 */
int wp_register_exact(int uffd, uint64_t start, uint64_t end);

/*
 * Removes write protection, so that every page of the range counts as WRITTEN.
 * Works in chunks of WP_CHUNK bytes, or of huge_size if that is more: a chunk
 * holds the mmap read lock once. huge_size: of the pages of hugetlb, whole ones
 * only; 0 for others.
 * -ENOENT when the range is not registered.
 * -EINVAL when it cuts a page of hugetlb.
 */
int wp_unprotect(int uffd, uint64_t start, uint64_t end, uint64_t huge_size);

/* The same for small pages, which may be parts of huge ones: then for all of these. */
int wp_unprotect_around(int uffd, uint64_t start, uint64_t end);

/*
 * Ends tracking of the range and lets its mapping merge with its neighbours
 * again. Unprotects in chunks first: UNREGISTER alone would hold the mmap
 * write lock for 66 ms a GiB (measured, Linux 6.18).
 */
int wp_unregister(int uffd, uint64_t start, uint64_t end);

#define WP_CHUNK (64ULL << 20)

#endif /* UFFD_WP_WP_H */
