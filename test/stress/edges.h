/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Mappings whose end moves: one that grows down when the page below it is
 * written (MAP_GROWSDOWN), the heap (brk(2)), and the stack of a thread.
 */
#ifndef STRESS_EDGES_H
#define STRESS_EDGES_H

#include "pages.h"

struct edge {
	struct region *r; /* as large as it may become; what is not mapped is TAG_UNMAPPED */
	size_t mapped;	  /* pages: at the end of the region, of a heap at its start */
};

void downward_init(struct edge *e);
void downward_operate(struct edge *e, struct author *author);

/*
 * Before any thread is started; takes the heap away from malloc(3), which keeps what it has by then. Only for
 * one thread of a process.
 */
void heap_init(struct edge *e);
void heap_operate(struct edge *e, struct author *author);

/* Calls itself to a random depth, and checks on the way back what it left on the stack. */
void stack_dive(struct author *author);

#endif /* STRESS_EDGES_H */
