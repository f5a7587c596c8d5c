// SPDX-License-Identifier: GPL-2.0
/*
 * Pages merged by KSM: merging replaces the page behind a protected entry, and a
 * write unmerges it. Neither may get lost, and merging alone changes no content.
 */
#include <unistd.h>

#include "../subject.h"

#define NR_PAGES 256

static struct region *area;

/* The same content everywhere in [first, first + nr). */
static void write_same(size_t first, size_t nr)
{
	uint64_t tag = page_retag(area, first);
	size_t i;

	for (i = first; i < first + nr; i++) {
		area->tags[i] = tag;
		page_fill(region_page(area, i), tag);
	}
}

static void wait_for_merge(void)
{
	int tries;

	for (tries = 0; tries < 200; tries++) {
		if (read_number("/proc/self/ksm_merging_pages") > 0)
			return;
		usleep(100000);
	}
	skip("ksmd merged nothing in 20 s");
}

void subject_setup(void)
{
	if (read_number("/sys/kernel/mm/ksm/run") != 1)
		skip("KSM does not run (/sys/kernel/mm/ksm/run; or run with --host-setup)");
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	write_same(0, NR_PAGES);
	must(madvise(area->start, region_bytes(area), MADV_MERGEABLE) == 0);
	wait_for_merge();
}

void subject_step(int n)
{
	pages_write_some(area, 0, NR_PAGES, 8);
	/* Equal again: ksmd may merge these before the dump, or not. */
	write_same(32 * n, 16);
}
