// SPDX-License-Identifier: GPL-2.0
/*
 * --auto-dedup: each dump punches the pages that it stores out of the images
 * before it. A page that is left to the parent must still be there.
 */
#include "../subject.h"

#define NR_PAGES 1024

const char subject_traits[] = "args=--auto-dedup";

static struct region *area;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

void subject_step(int n)
{
	(void)n;
	/* The same pages again and again among others. */
	pages_write_some(area, 0, 32, 8);
	pages_write_some(area, 32, NR_PAGES - 32, 8);
	expect_region(area, 16);
}
