// SPDX-License-Identifier: GPL-2.0
/*
 * exec between iterations: the same pid and start time, a new mm. The context
 * that the keeper holds for this task is of a mm that is gone, and the same
 * addresses hold other content.
 */
#include "../subject.h"

#define NR_PAGES 256

static struct region *area;

static void make_area(void)
{
	/* region_place() starts over, so this is at the same address in each life. */
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	expect_full(area->start, region_bytes(area));
}

void subject_setup(void)
{
	make_area();
}

void subject_resume(int n)
{
	(void)n;
	make_area();
}

void subject_step(int n)
{
	pages_write_some(area, 0, NR_PAGES, 8);
	if (n == 2)
		subject_exec();
	expect_region(area, 8);
}
