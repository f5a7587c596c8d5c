// SPDX-License-Identifier: GPL-2.0
/*
 * Every other page is dirty, then the ones between: thousands of runs of one
 * page each, more than fit into one pipe, one iovec array or one answer of
 * PAGEMAP_SCAN, and each followed by a hole that is in the parent.
 */
#include "../subject.h"

#define NR_PAGES 16384

static struct region *area;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

void subject_step(int n)
{
	size_t i;

	for (i = n % 2; i < NR_PAGES; i += 2)
		page_write(area, i);
	expect_region(area, NR_PAGES / 2);
}
