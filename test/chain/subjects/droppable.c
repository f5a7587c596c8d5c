// SPDX-License-Identifier: GPL-2.0
/*
 * MAP_DROPPABLE (Linux 6.11): refuses registration (after 6.12), and the kernel may drop its
 * pages at any time, so "in the parent" would bring old content back. CRIU 4.2.1
 * does not store the content at all, which is allowed.
 */
#include "../subject.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

#define NR_PAGES 64

static struct region *area;

static void write_droppable(size_t first, size_t nr)
{
	size_t i;

	pages_write(area, first, nr);
	for (i = first; i < first + nr; i++)
		area->tags[i] |= TAG_OR_ZERO;
}

void subject_setup(void)
{
	size_t len = NR_PAGES * page_size;
	char *start;

	start = mmap(region_place(len), len, PROT_READ | PROT_WRITE, MAP_DROPPABLE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		     -1, 0);
	if (start == MAP_FAILED)
		skip("the kernel has no MAP_DROPPABLE (6.11): %m");
	mark_volatile(start, len, "droppable");
	area = region_add("droppable", start, NR_PAGES, NR_PAGES);
	write_droppable(0, NR_PAGES);
}

void subject_step(int n)
{
	write_droppable(8 * n, 4);
	/* Linux 6.12 does not refuse, and live pre-dumps can't tell it from other memory; the last dump leaves it out. */
	expect_full_if_stopped(area->start, region_bytes(area));
}
