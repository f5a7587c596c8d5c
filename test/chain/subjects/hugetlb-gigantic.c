// SPDX-License-Identifier: GPL-2.0
/*
 * A private page of 1 GiB. Kernels before 7.2 (but for later releases of older ones) can't protect it: then it is in
 * the last dump only, else it is in the first one and left to that by the last. A neighbour that was the same mapping
 * once has pages of that size after the restore, too. One pre-dump: each of them may take 1 GiB of the disk.
 */
#include "../subject.h"

const char subject_traits[] = "predumps=1 modes=splice,live memsnap=no";

#define SIZE (1UL << 30)
#define FREE "/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages"
#define MAP_HUGE_1GIB (30 << 26)

static struct region *area;

void subject_setup(void)
{
	char *start;

	if (read_number(FREE) < 1)
		skip("no free huge page of 1 GiB (hugepagesz=1G hugepages=1 on the command line of the kernel)");
	start = region_place(2 * SIZE);
	must(mmap(start, 2 * SIZE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_1GIB | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
		  0) == start);
	must(mprotect(start + SIZE, SIZE, PROT_READ) == 0);
	area = region_add("gigantic", start, SIZE / page_size, SIZE / page_size);
	/* Whether pre-dumps have it depends on the kernel. */
	area->shared = true;
	pages_write_some(area, 0, area->nr_pages, 1000);
}

void subject_step(int n)
{
	(void)n;
	if (restored)
		pages_write_some(area, 0, area->nr_pages, 10);
}

void subject_check(int n)
{
	(void)n;
	if (smaps_kb(area->start, "KernelPageSize") != SIZE >> 10 ||
	    smaps_kb(area->start + SIZE, "KernelPageSize") != SIZE >> 10)
		fail("the pages have another size after the restore");
}
