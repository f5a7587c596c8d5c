// SPDX-License-Identifier: GPL-2.0
/*
 * Memory goes through a page server, as in a migration: pages and page map are
 * written by another process, and "in the parent" is something that the dump
 * only says and the server looks up.
 */
#include "../subject.h"

#define NR_PAGES 1024

const char subject_traits[] = "pageserver=yes";

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
	must(madvise(region_page(area, 64 * n), 16 * page_size, MADV_DONTNEED) == 0);
	pages_set(area, 64 * n, 16, TAG_ZERO);
	expect_at_most(area->start, region_bytes(area), 16);
	expect_parent(area->start, region_bytes(area), NR_PAGES - 16 - 64);
}
