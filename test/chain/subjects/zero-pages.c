// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that was only read is mapped to the zero page: populated for the page
 * table, without content of its own, and it must not be dumped. The first write
 * replaces the zero page by a real one: a tracker that protected the zero page
 * or took it for "in the parent" loses that write.
 */
#include "../subject.h"

#define NR_PAGES 1024

static struct region *area;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_read(area, 0, NR_PAGES / 2);
	expect_at_most(area->start, region_bytes(area), 0);
}

void subject_step(int n)
{
	pages_write_some(area, 0, NR_PAGES / 2, 16);
	pages_write_some(area, NR_PAGES / 2, NR_PAGES / 2, 16);
	must(madvise(region_page(area, 64 * n), 32 * page_size, MADV_DONTNEED) == 0);
	pages_set(area, 64 * n, 32, TAG_ZERO);
	pages_read(area, 0, NR_PAGES);
	expect_at_most(area->start, region_bytes(area), 32);
}
