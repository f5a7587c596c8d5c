// SPDX-License-Identifier: GPL-2.0
/*
 * mprotect splits and merges mappings between iterations, with writes before and
 * after, and leaves dirty pages in mappings that are read-only when they are
 * dumped. A clean page that only changed its rights stays in the parent.
 */
#include "../subject.h"

#define NR_PAGES 1024

static struct region *area;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

static void protect(size_t first, size_t nr, int prot)
{
	must(mprotect(region_page(area, first), nr * page_size, prot) == 0);
}

static void churn(void)
{
	static const int prots[] = { PROT_READ, PROT_NONE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC };
	size_t first = rnd_below(NR_PAGES - 64);

	protect(first, 1 + rnd_below(64), prots[rnd_below(4)]);
}

void subject_step(int n)
{
	int i;

	for (i = 0; i < 40; i++)
		churn();
	/* All one mapping again, if the kernel merges them. */
	protect(0, NR_PAGES, PROT_READ | PROT_WRITE);
	pages_write_some(area, 0, NR_PAGES, 16);
	for (i = 0; i < 40; i++)
		churn();
	if (n == 3)
		protect(0, NR_PAGES, PROT_READ);
	/*
	 * CRIU pokes a system call instruction into the first executable mapping: a page in this
	 * dump, and after the one before (which put the old content back last).
	 */
	expect_region(area, 16 + 2);
}
