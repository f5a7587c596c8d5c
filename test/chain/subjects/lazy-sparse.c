// SPDX-License-Identifier: GPL-2.0
/*
 * A mapping of 80 TiB, which fits into the address space once, in a task that
 * is restored lazily: what the last dump has is left to the lazy-pages daemon,
 * what the parent images have is read by the restorer, next to it. Unless TRAITS
 * say otherwise, see lazy-parents.c.
 */
#include "../subject.h"

#define AREA_BYTES   (80UL << 40)
#define NR_ISLANDS   256
#define ISLAND_PAGES 16
#define NR_DIRTY     5 /* pages of each island that a step writes, at random places */

#ifndef TRAITS
#define TRAITS "lazy=yes"
#endif

const char subject_traits[] = TRAITS;

static char *area;
static struct region *islands[NR_ISLANDS];

void subject_setup(void)
{
	size_t i;

	area = mmap(region_place(AREA_BYTES), AREA_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	must(area != MAP_FAILED);
	for (i = 0; i < NR_ISLANDS; i++) {
		islands[i] = region_add("island", area + i * (AREA_BYTES / NR_ISLANDS), ISLAND_PAGES, ISLAND_PAGES);
		pages_write(islands[i], 0, ISLAND_PAGES);
	}
}

void subject_step(int n)
{
	size_t i;

	(void)n;
	for (i = 0; i < NR_ISLANDS; i++)
		pages_write_some(islands[i], 0, ISLAND_PAGES, NR_DIRTY);
	expect_at_most(area, AREA_BYTES, NR_ISLANDS * NR_DIRTY);
	expect_parent(area, AREA_BYTES, NR_ISLANDS * (ISLAND_PAGES - NR_DIRTY));
}

void subject_check(int n)
{
	size_t populated = count_populated(area, AREA_BYTES);

	(void)n;
	if (populated != NR_ISLANDS * ISLAND_PAGES)
		fail("%zu pages populated, %d written", populated, NR_ISLANDS * ISLAND_PAGES);
}
