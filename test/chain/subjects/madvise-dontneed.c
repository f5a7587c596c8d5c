// SPDX-License-Identifier: GPL-2.0
/*
 * MADV_DONTNEED on anonymous pages: content that the parent has is gone and
 * must read as zeros. A tracker that sees only writes leaves the old content
 * in the chain.
 */
#include "../subject.h"

#define NR_PAGES 512

static struct region *area;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

static void drop(size_t first, size_t nr)
{
	must(madvise(region_page(area, first), nr * page_size, MADV_DONTNEED) == 0);
	pages_set(area, first, nr, TAG_ZERO);
}

void subject_step(int n)
{
	size_t first = 96 * n;

	/* Dropped; dropped and read (the zero page); dropped and written. */
	drop(first, 48);
	pages_read(area, first + 16, 16);
	pages_write(area, first + 32, 16);
	/* Written, then dropped. */
	pages_write(area, first + 48, 16);
	drop(first + 48, 16);
	expect_at_most(area->start, region_bytes(area), 16);
	expect_parent(area->start, 64 * page_size, 64);
}
