/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing and checking pages of the regions of ../chain/model.h, by several
 * threads at once: each region has one thread that works on it.
 *
 * What a page must hold follows from its tag in the region's table and from the
 * seed. The table is ordinary memory of the target, so it is dumped and restored
 * like everything else; where nothing moves, a copy of it is in a file (model_save()).
 */
#ifndef STRESS_PAGES_H
#define STRESS_PAGES_H

#include "../chain/subject.h"
#include "random.h"

/* The one who writes: a thread, or a child that a thread forked. */
struct author {
	struct rng rng;
	unsigned int serial; /* of the process: no two write the same content */
	unsigned int thread; /* its number in the process */
	uint64_t writes;
};

enum how {
	BY_STORE,	/* ordinary stores */
	BY_READ,	/* read(2) into the page */
	BY_VM_WRITEV,	/* process_vm_writev(2) into ourselves */
	BY_MEM_FILE,	/* /proc/self/mem, whatever the protection */
	NR_HOWS,
};

/* A tag that nobody had before. */
uint64_t author_new_tag(struct author *author);

/* New content for a page; for all but BY_MEM_FILE it has to be writable. False: the kernel refused BY_MEM_FILE. */
bool page_change(struct author *author, struct region *r, size_t page, enum how how);

/* fail()s unless a readable page holds what its tag says. */
void page_check(const struct region *r, size_t page);

/* Whether there is anything to read or to write. */
static inline bool page_is_mapped(const struct region *r, size_t page)
{
	return r->tags[page] != TAG_UNMAPPED;
}

#endif /* STRESS_PAGES_H */
