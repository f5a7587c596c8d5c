// SPDX-License-Identifier: GPL-2.0
/*
 * New mappings next to a tracked one, below and above, in every iteration. The
 * kernel does not merge them while only one is registered, and merges them when
 * both are: bounds that the tracker remembers go stale. A page of the new part
 * was never in the parent; a page of the old part still is.
 */
#include "../subject.h"

#define NR_FIRST 64
#define NR_NEW	 16
#define NR_ROOM	 1024

static struct region *area;
static char *low, *high;

static struct region *map_at(const char *name, char *start)
{
	must(mmap(start, NR_NEW * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		  -1, 0) == start);
	return region_add(name, start, NR_NEW, NR_NEW);
}

void subject_setup(void)
{
	low = region_place(NR_ROOM * page_size) + NR_ROOM / 2 * page_size;
	high = low + NR_FIRST * page_size;
	must(mmap(low, NR_FIRST * page_size, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == low);
	area = region_add("first", low, NR_FIRST, NR_FIRST);
	pages_write(area, 0, NR_FIRST);
}

void subject_step(int n)
{
	struct region *below, *above;

	low -= NR_NEW * page_size;
	below = map_at("below", low);
	above = map_at("above", high);
	high += NR_NEW * page_size;
	pages_write(below, 0, NR_NEW / 2);
	pages_write(above, NR_NEW / 2, NR_NEW / 2);
	pages_write_some(area, 0, NR_FIRST, 4);
	if (n == 2) {
		/* The middle goes and comes back: three mappings, one of them new. */
		must(munmap(region_page(area, 8), 8 * page_size) == 0);
		must(mmap(region_page(area, 8), 8 * page_size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == region_page(area, 8));
		pages_set(area, 8, 8, TAG_ZERO);
		page_write(area, 9);
	}
	expect_at_most(area->start, region_bytes(area), 5);
	expect_parent(area->start, region_bytes(area), n == 1 ? NR_FIRST - 4 : NR_FIRST - 4 - 8);
}
