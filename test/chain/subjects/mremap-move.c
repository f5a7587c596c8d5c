// SPDX-License-Identifier: GPL-2.0
/*
 * mremap away and back. Without UFFD_FEATURE_EVENT_REMAP a moved VMA is
 * unregistered; before Linux 6.12.11 its pages keep stale uffd-wp bits
 * (CVE-2025-21696), so they would read as clean once registered again.
 * MREMAP_DONTUNMAP leaves an empty, still registered VMA behind.
 */
#include "../subject.h"

#define NR_PAGES 256

static struct region *area, *left;
static char *home, *away;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	home = area->start;
	away = region_place(region_bytes(area));
	pages_write(area, 0, NR_PAGES);
}

static void move(char *to, int flags)
{
	must(mremap(area->start, region_bytes(area), region_bytes(area), MREMAP_MAYMOVE | MREMAP_FIXED | flags, to) ==
	     to);
	area->start = to;
}

void subject_step(int n)
{
	pages_write_some(area, 0, NR_PAGES, 8);
	if (n == 1) {
		/* There and back between two iterations: the same address, another registration. */
		move(away, 0);
		pages_write_some(area, 0, NR_PAGES, 8);
		move(home, 0);
	} else if (n == 2) {
		move(away, MREMAP_DONTUNMAP);
		left = region_add("left behind", home, NR_PAGES, NR_PAGES);
		page_write(left, 3);
	} else if (n == 3) {
		must(munmap(home, region_bytes(area)) == 0);
		region_forget(left);
		move(home, 0);
	}
	pages_write_some(area, 0, NR_PAGES, 8);
}
