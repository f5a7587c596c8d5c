// SPDX-License-Identifier: GPL-2.0
/*
 * MADV_FREE: until memory gets scarce the old content may still be there, and
 * then the page is gone without a write and without a fault. Half of the pages
 * are reclaimed at once with MADV_PAGEOUT, which needs no swap for clean lazily
 * freed pages. What was written after MADV_FREE has to stay.
 */
#include "../subject.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define NR_PAGES 512

static struct region *area;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

static void free_lazily(size_t first, size_t nr)
{
	size_t i;

	must(madvise(region_page(area, first), nr * page_size, MADV_FREE) == 0);
	for (i = first; i < first + nr; i++)
		if (area->tags[i] != TAG_ZERO)
			area->tags[i] |= TAG_OR_ZERO;
}

void subject_step(int n)
{
	size_t first = 96 * n;

	free_lazily(first, 64);
	pages_write(area, first, 16);
	madvise(region_page(area, first + 32), 32 * page_size, MADV_PAGEOUT);
	pages_write(area, first + 32, 8);
	/* Freed in the step before, written only now. */
	if (n > 1)
		pages_write(area, first - 96 + 48, 8);
}
