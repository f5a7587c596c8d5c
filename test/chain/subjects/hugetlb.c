// SPDX-License-Identifier: GPL-2.0
/*
 * Private huge pages: written, dropped, read where they were dropped, protected otherwise, moved. Where a protected one
 * is dropped the kernel leaves a marker, and what a read brings there is zeros that look unchanged (Linux 6.7 to 7.3).
 * What is a hole stays one: dumps take no pages from the pool.
 */
#include <stdio.h>

#include "../subject.h"

/* Huge pages of the area; three groups of three, one of which each step begins with */
enum { WRITTEN, CLEAN, HOLE, PROTECTED, GROUPS, DROPPED = 0, READ, REWRITTEN, GROUP_SIZE, NR_GROUPS = 3 };
#define NR_HUGE (GROUPS + NR_GROUPS * GROUP_SIZE)

/* Not reserved, and some of it is a hole */
#define NR_MOVED 4
#define NR_MOVED_USED 2

static struct region *area, *moved;
static size_t huge_pages; /* small pages in a huge one */
static size_t huge;	  /* bytes */

static char *at(size_t i)
{
	return region_page(area, i * huge_pages);
}

/* For ../hugetlb-pool: what a restore takes */
static void tell_needed(void)
{
	FILE *f = fopen("huge-pages", "w");

	must(f && fprintf(f, "%d\n", NR_HUGE + NR_MOVED_USED) > 0 && fclose(f) == 0);
}

void subject_setup(void)
{
	size_t i;

	huge = need_huge_pages(2 * (NR_HUGE + NR_MOVED));
	huge_pages = huge / page_size;
	area = region_map("huge", NR_HUGE * huge_pages, PROT_READ | PROT_WRITE, MAP_HUGETLB);
	area->huge = true;
	for (i = 0; i < NR_HUGE; i++)
		if (i != HOLE)
			pages_write(area, i * huge_pages, huge_pages);

	moved = region_map("moved", NR_MOVED * huge_pages, PROT_READ | PROT_WRITE, MAP_HUGETLB | MAP_NORESERVE);
	moved->nr_pages = NR_MOVED_USED * huge_pages;
	moved->huge = true;
	pages_write(moved, 0, moved->nr_pages);
	tell_needed();
}

static void drop(size_t i)
{
	must(madvise(at(i), huge, MADV_DONTNEED) == 0);
	pages_set(area, i * huge_pages, huge_pages, TAG_ZERO);
}

static void change_group(size_t first)
{
	drop(first + DROPPED);
	expect_gone(at(first + DROPPED), huge);

	drop(first + READ);
	pages_read(area, (first + READ) * huge_pages, 1);
	expect_written_by_plugin(at(first + READ), huge);

	drop(first + REWRITTEN);
	page_write(area, (first + REWRITTEN) * huge_pages + rnd_below(huge_pages));
	expect_written_by_plugin(at(first + REWRITTEN), huge);
}

/* What it is at the beginning, but for what was read: zeros are stored each time. */
static void refill_group(size_t first)
{
	pages_write(area, (first + DROPPED) * huge_pages, huge_pages);
	expect_written_by_plugin(at(first + DROPPED), huge);
	expect_parent_by_plugin(at(first + REWRITTEN), huge);
}

static void move(void)
{
	char *to = region_place(NR_MOVED * huge);

	must(mremap(moved->start, NR_MOVED * huge, NR_MOVED * huge, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	moved->start = to;
	expect_full(to, NR_MOVED * huge);
}

void subject_step(int n)
{
	pages_write_some(area, WRITTEN * huge_pages, huge_pages, 4);
	expect_written_by_plugin(at(WRITTEN), huge);
	expect_parent_by_plugin(at(CLEAN), huge);
	expect_gone(at(HOLE), huge);

	/* Another mapping, of the same pages */
	must(mprotect(at(PROTECTED), huge, n & 1 ? PROT_NONE : PROT_READ | PROT_WRITE) == 0);
	expect_parent_by_plugin(at(PROTECTED), huge);

	change_group(GROUPS + n % NR_GROUPS * GROUP_SIZE);
	if (n > 1)
		refill_group(GROUPS + (n - 1) % NR_GROUPS * GROUP_SIZE);

	if (n == 2)
		move();
	else
		page_write(moved, rnd_below(moved->nr_pages));
}
