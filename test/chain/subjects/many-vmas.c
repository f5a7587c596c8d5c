// SPDX-License-Identifier: GPL-2.0
/*
 * 10,000 mappings of one page with alternating rights: one registration and one
 * scan each, 10,000 runs, and a merge and split churn when rights change. Each
 * batch that stops at a fixed number, or mixes up two VMAs, shows.
 */
#include "../subject.h"

#define NR_PAGES 10000

static struct region *area;
static unsigned char readonly[NR_PAGES];

static void set_readonly(size_t i, bool on)
{
	readonly[i] = on;
	must(mprotect(region_page(area, i), page_size, on ? PROT_READ : PROT_READ | PROT_WRITE) == 0);
}

void subject_setup(void)
{
	size_t i;

	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	for (i = 1; i < NR_PAGES; i += 2)
		set_readonly(i, true);
}

void subject_step(int n)
{
	size_t i;

	(void)n;
	for (i = 0; i < 100; i++) {
		size_t page = rnd_below(NR_PAGES);

		if (readonly[page]) {
			set_readonly(page, false);
			page_write(area, page);
			set_readonly(page, rnd_below(2));
		} else {
			page_write(area, page);
			set_readonly(page, rnd_below(2));
		}
	}
	expect_region(area, 100);
}
