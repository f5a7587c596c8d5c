// SPDX-License-Identifier: GPL-2.0
/*
 * 1% of a big anonymous area written between iterations, spread at random: the
 * main job. A tracker that reports neighbours along, or forgets single pages
 * between two clean ones, fails here.
 */
#include "../subject.h"

#define NR_PAGES 16384
#define NR_DIRTY (NR_PAGES / 100)

/* The restored task is tracked, dumped and restored once more. */
const char subject_traits[] = "cycles=2 predumps=5";

static struct region *area;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

void subject_step(int n)
{
	(void)n;
	pages_write_some(area, 0, NR_PAGES, NR_DIRTY);
	expect_region(area, NR_DIRTY);
}
