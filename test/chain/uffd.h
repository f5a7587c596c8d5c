/* SPDX-License-Identifier: GPL-2.0 */
/* Userfaultfds of the subject's own. */
#ifndef CHAIN_UFFD_H
#define CHAIN_UFFD_H

#include <stddef.h>
#include <stdint.h>

#include "../../plugins/uffd-wp/uapi.h"
#include "model.h"

/* A userfaultfd of the calling process with the features; skip()s when the kernel lacks them. */
int own_uffd(uint64_t features);

/* mode: UFFDIO_REGISTER_MODE_* */
void own_register(int uffd, const struct region *r, uint64_t mode);

/*
 * Gets and clears: sets written[page] for every page of the region written
 * since the last call, and protects them.
 */
void own_scan(const struct region *r, unsigned char *written);

/* Scans, and fail()s unless the pages of the last own_scan_expect() were written and no others (4096 pages at most). */
void own_scan_check(const struct region *r);

/* Remembers which pages of the region the current step wrote, for the next own_scan_check(). */
void own_scan_expect(const struct region *r);

#endif /* CHAIN_UFFD_H */
