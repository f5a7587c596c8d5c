// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are swapped out between iterations, clean and dirty: the protection
 * lives in the swap entry, and a page map without PRESENT still has content.
 */
#include "../subject.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define NR_PAGES 1024

static struct region *area;

static void page_out(size_t first, size_t nr)
{
	must(madvise(region_page(area, first), nr * page_size, MADV_PAGEOUT) == 0);
}

void subject_setup(void)
{
	if (meminfo_kb("SwapFree") < 64 << 10)
		skip("no swap configured (or run with --host-setup)");
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	page_out(0, NR_PAGES / 2);
	if (status_kb("VmSwap") <= 0)
		skip("MADV_PAGEOUT swapped nothing out");
}

void subject_step(int n)
{
	size_t part = NR_PAGES / 8;

	/* Written and swapped out; swapped out, then written; clean and swapped out; read back. */
	pages_write_some(area, part, part, 8);
	page_out(part, part);
	page_out(2 * part, part);
	pages_write_some(area, 2 * part, part, 8);
	page_out(3 * part, part);
	pages_read(area, 0, n * 16);
	expect_region(area, 16);
}
