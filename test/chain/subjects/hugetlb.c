// SPDX-License-Identifier: GPL-2.0
/*
 * Private hugetlb memory. Write-protecting its holes can deadlock kernels before
 * 7.2, and 1 GiB pages cannot be protected at all: left alone and dumped in full.
 */
#include "../subject.h"

#define NR_HUGE 8

static struct region *area;
static size_t huge_pages; /* small pages in a huge one */

void subject_setup(void)
{
	size_t huge = meminfo_kb("Hugepagesize") * 1024;
	char *start;
	size_t i;

	if (meminfo_kb("HugePages_Free") < 2 * NR_HUGE)
		skip("no huge pages configured (vm.nr_hugepages; or run with --host-setup)");
	start = mmap(region_place(NR_HUGE * huge), NR_HUGE * huge, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED_NOREPLACE, -1, 0);
	must(start != MAP_FAILED);
	huge_pages = huge / page_size;
	area = region_add("huge", start, NR_HUGE * huge_pages, NR_HUGE * huge_pages);
	/* CRIU leaves hugetlb out of pre-dumps: no rules for what they must hold. */
	area->shared = true;
	/* Every other huge page; the rest are holes. */
	for (i = 0; i < NR_HUGE; i += 2)
		pages_write(area, i * huge_pages, huge_pages);
}

void subject_step(int n)
{
	pages_write_some(area, 0, huge_pages, 4);
	page_write(area, (2 * n % NR_HUGE) * huge_pages);
	expect_full(area->start, region_bytes(area));
}
