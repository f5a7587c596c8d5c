// SPDX-License-Identifier: GPL-2.0
/* PAGEMAP_SCAN reports markers of empty entries as swapped pages. There is no swap here. */
#include <sys/mman.h>

#include "ktest.h"

#define PAGES 64

int main(void)
{
	int uffd = uffd_async();
	char *m = map(PAGES * PAGE, MAP_SHARED, temporary_file(PAGES * PAGE));
	long swapped;

	uffd_register(uffd, m, PAGES * PAGE);
	uffd_protect(uffd, m, PAGES * PAGE);
	swapped = count_pages(m, PAGES * PAGE, PAGE_IS_SWAPPED);
	judge(swapped != 0, "%ld of %d empty, protected entries are reported as swapped", swapped, PAGES);
}
