// SPDX-License-Identifier: GPL-2.0
/*
 * A 16 TiB MAP_NORESERVE mapping with islands of content, some new in every
 * iteration. A tracker that protects holes allocates page tables for all of
 * it (32 GiB of them), or never ends; holes must also stay holes in the
 * restored task. Nothing may cost what the range costs, or count its pages in
 * 32 bits: there are 2^32, and more runs than other mappings have pages.
 */
#include "../subject.h"

#define AREA_BYTES   (16UL << 40)
#define NR_SLOTS     1024 /* places for islands */
#define ISLAND_PAGES 16
#define NR_FIRST     64
#define NR_NEW	     8
#define MAX_ISLANDS  256
#define NR_RUNS	     8192 /* of one page each */

static char *area;
static struct region *islands[MAX_ISLANDS];
static size_t nr_islands;
static unsigned char used[NR_SLOTS];

/* Every other page of the first slot. Not in the model, which would read those between. */
static int *run_page(int i)
{
	return (int *)(area + 2 * i * page_size);
}

static void add_island(void)
{
	size_t slot;

	do {
		slot = rnd_below(NR_SLOTS);
	} while (used[slot]);
	used[slot] = 1;
	islands[nr_islands] =
		region_add("island", area + slot * (AREA_BYTES / NR_SLOTS), ISLAND_PAGES, ISLAND_PAGES);
	pages_write(islands[nr_islands++], 0, ISLAND_PAGES);
}

void subject_setup(void)
{
	int i;

	area = mmap(region_place(AREA_BYTES), AREA_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	must(area != MAP_FAILED);
	used[0] = 1;
	for (i = 0; i < NR_RUNS; i++)
		*run_page(i) = i + 1;
	for (i = 0; i < NR_FIRST; i++)
		add_island();
}

/* Each island needs a page table of its own, and a few pages are for all else. */
static void check_page_tables(void)
{
	long limit = (nr_islands * 2 + 256) * page_size / 1024;

	if (status_kb("VmPTE") > limit)
		fail("%ld KiB of page tables for %zu islands: holes got page tables", status_kb("VmPTE"), nr_islands);
}

void subject_step(int n)
{
	int i;

	(void)n;
	check_page_tables();
	for (i = 0; i < NR_NEW; i++) {
		page_write(islands[i], rnd_below(ISLAND_PAGES));
		add_island();
	}
	expect_at_most(area, AREA_BYTES, NR_NEW + NR_NEW * ISLAND_PAGES);
	expect_parent(area, AREA_BYTES, NR_RUNS + (nr_islands - NR_NEW) * ISLAND_PAGES - NR_NEW);
}

void subject_check(int n)
{
	size_t populated = count_populated(area, AREA_BYTES);
	int i;

	(void)n;
	check_page_tables();
	for (i = 0; i < NR_RUNS; i++)
		if (*run_page(i) != i + 1)
			fail("page %d at %p holds %d", i, (void *)run_page(i), *run_page(i));
	if (populated != NR_RUNS + nr_islands * ISLAND_PAGES)
		fail("%zu pages populated, %zu written", populated, NR_RUNS + nr_islands * ISLAND_PAGES);
}
