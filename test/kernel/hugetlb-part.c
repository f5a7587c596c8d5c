// SPDX-License-Identifier: GPL-2.0
/* A scan that protects goes on behind a huge page that max_pages does not allow, and walk_end is before that page. */
#include <string.h>
#include <sys/mman.h>

#include "ktest.h"

#define HUGE_PAGES 3

int main(void)
{
	struct pm_scan_arg arg = {
		.flags = PM_SCAN_WP_MATCHING,
		.max_pages = 700,
		.category_mask = PAGE_IS_PRESENT,
		.return_mask = PAGE_IS_PRESENT | PAGE_IS_WRITTEN,
	};
	struct page_region regions[8];
	int uffd = uffd_async();
	long n, after = 0;
	uint64_t second;
	char *m;

	need_huge_pages(HUGE_PAGES);
	m = map(HUGE_PAGES * HUGE_PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	memset(m, 'p', HUGE_PAGES * HUGE_PAGE);
	uffd_register(uffd, m, HUGE_PAGES * HUGE_PAGE);
	n = scan(&arg, m, HUGE_PAGES * HUGE_PAGE, regions, 8);
	if (n < 0)
		error("PAGEMAP_SCAN");
	for (long i = 0; i < n; i++)
		if (regions[i].end > arg.walk_end)
			after += (regions[i].end - regions[i].start) / PAGE;
	second = (uintptr_t)m + HUGE_PAGE;
	judge(arg.walk_end != second || after, "the scan ends at huge page %lld instead of 1, %ld pages reported behind it",
	      (long long)(arg.walk_end - (uintptr_t)m) / (long long)HUGE_PAGE, after);
}
