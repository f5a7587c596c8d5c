// SPDX-License-Identifier: GPL-2.0
/*
 * The task that the scripts here dump: 64 MiB of pages, one in a hundred of
 * them rewritten in each step. If the directory has a file "exec", the next step
 * replaces the program by itself, with other content at the same addresses.
 */
#include <unistd.h>

#include "subject.h"

#define AREA_BYTES (64UL << 20)

static struct region *area;

static void make_area(void)
{
	area = region_map("area", AREA_BYTES / page_size, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, area->nr_pages);
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
	(void)n;
	if (!unlink("exec"))
		subject_exec();
	pages_write_some(area, 0, area->nr_pages, area->nr_pages / 100);
}
