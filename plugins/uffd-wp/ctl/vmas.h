/* SPDX-License-Identifier: GPL-2.0 */
/* The tracked mappings of a task. */
#ifndef UFFD_WP_CTL_VMAS_H
#define UFFD_WP_CTL_VMAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vma {
	uint64_t start; /* bytes, page-aligned */
	uint64_t end;	/* exclusive */
	bool file;	/* mapping of a file */
};

struct vmas {
	struct vma *vma;
	size_t nr;
	uint64_t bytes; /* of address space, populated or not */
};

/* A new descriptor of /proc/PID/pagemap, or -errno; -ESRCH when there is no such task. */
int open_pagemap(pid_t pid);

/*
 * The mappings that are registered for asynchronous write protection, in
 * ascending order. The kernel does not tell with whose userfaultfd: those that
 * the task itself registered in such a way are among them. To be freed with
 * vmas_free(). 0 or -errno.
 */
int vmas_read_tracked(pid_t pid, int pagemap, struct vmas *vmas);

void vmas_free(struct vmas *vmas);

#endif /* UFFD_WP_CTL_VMAS_H */
