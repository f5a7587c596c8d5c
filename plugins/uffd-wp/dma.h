/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_DMA_H
#define UFFD_WP_DMA_H

#include <sys/types.h>

#include "fds.h"

/*
 * May a device write to memory of this stopped task, behind the back of its
 * page tables? PAGEMAP_SCAN protects pages that are pinned for DMA (seen in
 * Linux 6.7 to 7.2), and such writes then go unnoticed: the page counts as not
 * written. To stop the task waits for its synchronous I/O, but not for
 * asynchronous I/O on its way. fds: of the task, as fds_look() found them. Returns
 * what was found, for the log, or NULL.
 */
const char *dma_possible(pid_t pid, const struct fd_facts *fds);

#endif /* UFFD_WP_DMA_H */
