// SPDX-License-Identifier: GPL-2.0
/*
 * Transparent huge pages: the first write to a protected one splits it and
 * dirties one small page, so one write per huge page must not dump all of it.
 * Parts are unmapped, dropped and made read-only (splits of the mapping), and
 * one range is collapsed again.
 */
#include "../subject.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define NR_HUGE 16

static struct region *area;
static size_t per_huge; /* small pages in a huge one */

void subject_setup(void)
{
	long huge = read_number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
	size_t len;

	if (huge <= 0)
		skip("no transparent huge pages in this kernel");
	per_huge = huge / page_size;
	len = NR_HUGE * huge;
	area = region_add("thp", region_place(len), NR_HUGE * per_huge, NR_HUGE * per_huge);
	must(mmap(area->start, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
	     area->start);
	must(madvise(area->start, len, MADV_HUGEPAGE) == 0);
	pages_write(area, 0, area->nr_pages);
	if (!smaps_kb(area->start, "AnonHugePages"))
		skip("the kernel gave no transparent huge pages");
}

static void unmap_part(size_t first, size_t nr)
{
	must(munmap(region_page(area, first), nr * page_size) == 0);
	pages_set(area, first, nr, TAG_UNMAPPED);
}

static void drop_part(size_t first, size_t nr)
{
	must(madvise(region_page(area, first), nr * page_size, MADV_DONTNEED) == 0);
	pages_set(area, first, nr, TAG_ZERO);
}

void subject_step(int n)
{
	size_t i;

	/* The upper quarter is left to the operations below. */
	for (i = 0; i < NR_HUGE - 4; i++)
		page_write(area, i * per_huge + (7 * n + i) % per_huge);
	expect_region_part(area, 0, (NR_HUGE - 4) * per_huge, NR_HUGE - 4);
	if (n == 1)
		unmap_part((NR_HUGE - 4) * per_huge + 3, 2);
	if (n == 2) {
		drop_part((NR_HUGE - 3) * per_huge + 100, 50);
		/* A whole one: kernels before 7.2 do not report the hole. */
		drop_part((NR_HUGE - 2) * per_huge, per_huge);
		page_write(area, (NR_HUGE - 2) * per_huge + 5);
	}
	if (n == 3) {
		must(mprotect(region_page(area, (NR_HUGE - 2) * per_huge + 9), 9 * page_size, PROT_READ) == 0);
		/* May be refused for protected pages: not what is tested. */
		madvise(region_page(area, (NR_HUGE - 1) * per_huge), per_huge * page_size, MADV_COLLAPSE);
	}
	page_write(area, (NR_HUGE - 1) * per_huge + n);
}
