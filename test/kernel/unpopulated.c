// SPDX-License-Identifier: GPL-2.0
/* Whether an empty entry that is not protected counts as written depends on masks that have nothing to do with it. */
#include <sys/mman.h>

#include "ktest.h"

#define PAGES 64

int main(void)
{
	struct pm_scan_arg plain = { .category_mask = PAGE_IS_WRITTEN, .return_mask = PAGE_IS_WRITTEN };
	struct pm_scan_arg richer = { .category_mask = PAGE_IS_WRITTEN, .return_mask = PAGE_IS_WRITTEN | PAGE_IS_PRESENT };
	struct page_region a[PAGES], b[PAGES];
	int uffd = uffd_async();
	char *m = map(PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	long n_a, n_b;

	uffd_register(uffd, m, PAGES * PAGE);
	/* A page table, and one page in it. */
	*(volatile char *)m = 1;
	n_a = scan(&plain, m, PAGES * PAGE, a, PAGES);
	n_b = scan(&richer, m, PAGES * PAGE, b, PAGES);
	if (n_a < 1 || n_b < 1)
		error("PAGEMAP_SCAN");
	n_a = (a[n_a - 1].end - (uintptr_t)m) / PAGE;
	n_b = (b[n_b - 1].end - (uintptr_t)m) / PAGE;
	judge(n_a != n_b, "written: %ld entries with one mask, %ld with another", n_a, n_b);
}
