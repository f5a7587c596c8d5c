// SPDX-License-Identifier: GPL-2.0
/* A scan with many regions returns a walk_end that lies before regions that it reported. */
#include <string.h>
#include <sys/mman.h>

#include "ktest.h"

#define PAGES 2000

int main(void)
{
	static struct page_region regions[PAGES];
	struct pm_scan_arg arg = { .category_mask = PAGE_IS_PRESENT, .return_mask = PAGE_IS_PRESENT };
	char *m = map(PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	long n, after = 0;

	uffd_async();
	for (int i = 0; i < PAGES; i += 2)
		m[i * PAGE] = 1;
	n = scan(&arg, m, PAGES * PAGE, regions, PAGES);
	if (n != PAGES / 2)
		error("PAGEMAP_SCAN");
	for (long i = 0; i < n; i++)
		after += regions[i].start >= arg.walk_end;
	judge(arg.walk_end != arg.end, "%ld of %ld regions are reported behind walk_end", after, n);
}
