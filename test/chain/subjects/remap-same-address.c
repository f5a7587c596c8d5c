// SPDX-License-Identifier: GPL-2.0
/*
 * munmap and mmap at the same address, and mmap over a mapping: to a tracker
 * that remembers addresses it is the mapping it knew, with pages that were
 * "not written since". The new pages were never in the parent.
 */
#include "../subject.h"

#define NR_PAGES 256

static struct region *area;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

static void replace(size_t first, size_t nr, bool unmap_first)
{
	char *start = region_page(area, first);

	if (unmap_first)
		must(munmap(start, nr * page_size) == 0);
	must(mmap(start, nr * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	     start);
	pages_set(area, first, nr, TAG_ZERO);
}

void subject_step(int n)
{
	size_t first = 32 * n;

	replace(first, 16, true);
	pages_write_some(area, first, 16, 5);
	pages_read(area, first, 16);
	replace(first + 16, 16, false);
	pages_write_some(area, first + 16, 16, 5);
	if (n == 3) {
		/* All of it at once, the same size: nothing in /proc/PID/maps tells. */
		replace(0, NR_PAGES, true);
		pages_write_some(area, 0, NR_PAGES, 40);
	}
}
