// SPDX-License-Identifier: GPL-2.0
/*
 * A dump --leave-running in the middle of the chain: it stores everything, is a
 * parent like any pre-dump, and so has to protect what it stored and to commit,
 * unlike a dump that ends the task.
 */
#include "../subject.h"

#define NR_PAGES 1024

const char subject_traits[] = "running=1";

static struct region *area;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

void subject_step(int n)
{
	(void)n;
	pages_write_some(area, 0, NR_PAGES, 16);
	expect_region(area, 16);
}
