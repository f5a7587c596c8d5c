// SPDX-License-Identifier: GPL-2.0
/*
 * Private huge pages that parent and child share copy-on-write. What the child has is new to it: all of it is dumped
 * the first time, and after that what either of them wrote or dropped. A restore gives each of them pages of its own.
 */
#include "../subject.h"
#include "../worker.h"

#define NR_HUGE 6

static struct region *area;
static size_t huge_pages; /* small pages in a huge one */
static size_t huge;	  /* bytes */
static struct worker child;

static char *at(size_t i)
{
	return region_page(area, i * huge_pages);
}

static void drop(size_t i)
{
	must(madvise(at(i), huge, MADV_DONTNEED) == 0);
	pages_set(area, i * huge_pages, huge_pages, TAG_ZERO);
}

/* The page that is written: a copy. Others stay shared, or are dropped by one of both. */
static void write_one(size_t i)
{
	page_write(area, i * huge_pages + rnd_below(huge_pages));
	expect_written_by_plugin(at(i), huge);
}

static void child_step(int n)
{
	if (n == 0) {
		/* Just forked */
		expect_full(area->start, region_bytes(area));
		return;
	}
	write_one(1);
	if (n == 2) {
		drop(2);
		expect_gone(at(2), huge);
		drop(3);
		pages_read(area, 3 * huge_pages, 1);
		expect_written_by_plugin(at(3), huge);
	}
	if (n > 1)
		expect_parent_by_plugin(at(4), 2 * huge);
}

void subject_setup(void)
{
	huge = need_huge_pages(4 * NR_HUGE);
	huge_pages = huge / page_size;
	area = region_map("area", NR_HUGE * huge_pages, PROT_READ | PROT_WRITE, MAP_HUGETLB);
	area->huge = true;
	pages_write(area, 0, area->nr_pages);
}

void subject_step(int n)
{
	/* After the restore it has the content that the child has, too. */
	write_one(0);
	if (n == 1) {
		worker_start(&child, child_step);
		worker_call(&child, 0);
	} else {
		worker_call(&child, n);
	}
	if (n == 3)
		drop(3);
	expect_parent_by_plugin(at(4), 2 * huge);
}

void subject_check(int n)
{
	if (n)
		worker_call(&child, WORKER_CHECK);
}
