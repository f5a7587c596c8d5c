/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mappings that come and go, and that mremap(2) grows, shrinks, moves, splits
 * and puts next to each other. Every block is one mapping, or a part of one, at
 * any time: an mremap of it has to work, tracked or not.
 */
#ifndef STRESS_BLOCKS_H
#define STRESS_BLOCKS_H

#include "pages.h"

#define NR_BLOCKS   10
#define NR_PLACES   16
#define PLACE_PAGES 64	/* room for a block and its growth, or for two blocks */
#define PLACE_STEP  128 /* pages from place to place */

struct block {
	struct region *r; /* no pages: there is no such block now */
	int place;
	int prot;
};

struct blocks {
	char *places;
	struct block blocks[NR_BLOCKS];
};

void blocks_init(struct blocks *b);

/* One random operation. */
void blocks_operate(struct blocks *b, struct author *author);

/* As arena_check(), arena_write_some(). */
void blocks_check(const struct blocks *b);
void blocks_write_some(struct blocks *b, struct author *author, size_t nr);

#endif /* STRESS_BLOCKS_H */
