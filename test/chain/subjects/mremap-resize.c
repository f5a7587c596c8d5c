// SPDX-License-Identifier: GPL-2.0
/*
 * mremap grows and shrinks a mapping in place, and grows it by moving it. What
 * was cut off and came back must read as zeros, not as the parent's content.
 */
#include "../subject.h"

#define NR_PAGES 128
#define NR_MAX	 512

static struct region *area;

static void resize(size_t nr_pages, char *to)
{
	size_t old = area->nr_pages;
	void *res;

	if (to)
		res = mremap(area->start, old * page_size, nr_pages * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	else
		res = mremap(area->start, old * page_size, nr_pages * page_size, 0);
	must(res != MAP_FAILED);
	area->start = res;
	if (nr_pages > old)
		pages_set(area, old, nr_pages - old, TAG_ZERO);
	area->nr_pages = nr_pages;
}

void subject_setup(void)
{
	char *start = mmap(region_place(NR_MAX * page_size), NR_PAGES * page_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	must(start != MAP_FAILED);
	area = region_add("area", start, NR_PAGES, NR_MAX);
	pages_write(area, 0, NR_PAGES);
}

void subject_step(int n)
{
	pages_write_some(area, 0, NR_PAGES / 2, 4);
	if (n == 1) {
		resize(NR_PAGES * 2, NULL);
		pages_write_some(area, NR_PAGES, NR_PAGES, 16);
	} else if (n == 2) {
		resize(NR_PAGES / 2, NULL);
		resize(NR_PAGES, NULL);
		page_write(area, NR_PAGES - 1);
	} else if (n == 3) {
		resize(NR_PAGES * 3, region_place(NR_MAX * page_size));
		pages_write_some(area, NR_PAGES, NR_PAGES * 2, 16);
	}
}
