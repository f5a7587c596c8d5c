// SPDX-License-Identifier: GPL-2.0
/*
 * A 64 GiB MAP_NORESERVE mapping with islands of content, some new in every
 * iteration. A tracker that protects holes allocates page tables for all of
 * it (128 MiB of them), or never ends; holes must also stay holes in the
 * restored task. (20 TiB works for a plain dump, but CRIU 4.2.1 cannot restore
 * a chain of that.)
 */
#include "../subject.h"

#define AREA_BYTES   (64UL << 30)
#define NR_SLOTS     1024 /* places for islands */
#define ISLAND_PAGES 16
#define NR_FIRST     64
#define NR_NEW	     8
#define MAX_ISLANDS  256

static char *area;
static struct region *islands[MAX_ISLANDS];
static size_t nr_islands;
static unsigned char used[NR_SLOTS];

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
	expect_parent(area, AREA_BYTES, (nr_islands - NR_NEW) * ISLAND_PAGES - NR_NEW);
}

void subject_check(int n)
{
	size_t populated = count_populated(area, AREA_BYTES);

	(void)n;
	check_page_tables();
	if (populated != nr_islands * ISLAND_PAGES)
		fail("%zu pages populated, %zu written", populated, nr_islands * ISLAND_PAGES);
}
