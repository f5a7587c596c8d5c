// SPDX-License-Identifier: GPL-2.0
/*
 * Half of a tracked mapping moves away, is tracked there, and comes back: the
 * VMAs merge, mremap_userfaultfd_prep() drops the context of the whole merged
 * VMA and leaves the uffd-wp bits of the half that never moved. A write to such
 * a page makes it writable with the bit still set; registered again, it reads
 * as clean for ever, whatever is written to it.
 */
#include "../subject.h"

#define NR_PAGES 128
#define HALF	 (NR_PAGES / 2)

static struct region *area, *half;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

static void move_half_away(void)
{
	size_t len = HALF * page_size;
	char *to = region_place(len);

	half = region_split(area, "half", HALF);
	must(mremap(half->start, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	half->start = to;
	page_write(half, 1);
}

static void move_half_back(void)
{
	char *to = region_page(area, HALF);
	size_t len = HALF * page_size;

	must(mremap(half->start, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	half->start = to;
	region_join(area, half);
}

/* The same pages in each step: the second write is the one that a stale bit hides. */
static void write_in_both_halves(void)
{
	pages_write(area, 4, 8);
	if (area->nr_pages == NR_PAGES)
		pages_write(area, HALF + 4, 8);
}

void subject_step(int n)
{
	if (n == 1)
		move_half_away();
	else if (n == 2)
		move_half_back();
	write_in_both_halves();
}
