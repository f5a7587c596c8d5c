// SPDX-License-Identifier: GPL-2.0
/*
 * The heap grows, shrinks and grows again by brk. A registered VMA does not
 * merge with a new neighbour, so there is a second [heap] VMA until the next
 * iteration registers it; and what was cut off and came back reads as zeros.
 */
#include <unistd.h>

#include "../subject.h"

#define NR_FIRST 64
#define NR_GROW	 32
#define NR_CUT	 16

static struct region *heap;

void subject_setup(void)
{
	char *end = sbrk(0);
	char *start = (char *)(((uintptr_t)end + page_size - 1) & -page_size);

	must(brk(start + NR_FIRST * page_size) == 0);
	heap = region_add("heap", start, NR_FIRST, 4096);
	pages_write(heap, 0, NR_FIRST);
}

static void move_end(size_t nr_pages)
{
	must(brk(region_page(heap, nr_pages)) == 0);
	if (nr_pages > heap->nr_pages)
		pages_set(heap, heap->nr_pages, nr_pages - heap->nr_pages, TAG_ZERO);
	heap->nr_pages = nr_pages;
}

void subject_step(int n)
{
	size_t old;

	(void)n;
	move_end(heap->nr_pages - NR_CUT);
	old = heap->nr_pages;
	move_end(old + NR_GROW);
	/* Half of what came back stays untouched, every other page of the rest is written. */
	pages_write_some(heap, old + NR_CUT, NR_GROW - NR_CUT, NR_CUT / 2);
	pages_write_some(heap, 0, old, 4);
	expect_at_most(heap->start, old * page_size, 4);
	expect_parent(heap->start, NR_FIRST / 2 * page_size, NR_FIRST / 2 - 4);
}
