// SPDX-License-Identifier: GPL-2.0
/* sparse01 and sparse02 are links to this file, see Makefile. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sparse_pages.h"
#include "zdtmtst.h"

const char *test_doc = "Terabytes of mappings with a few pages each, which come, change and go";
const char *test_author = "criu-uffd-wp maintainers";

#ifndef NR_MAPPINGS
#define NR_MAPPINGS 64
#endif
#ifndef MAPPING_SIZE
#define MAPPING_SIZE TIB
#endif
#define NR_PAGES (2048 / NR_MAPPINGS)
#define STRIDE	 (MAPPING_SIZE / NR_PAGES & ~(PAGE_SIZE - 1UL))

static struct {
	char *start;
	unsigned long tags[NR_PAGES];
} mappings[NR_MAPPINGS];

static char *area;
/* One page between two mappings, so that they stay apart. */
#define AREA_SIZE (NR_MAPPINGS * (MAPPING_SIZE + PAGE_SIZE))

/* The first page of the mapping, the last one, and others in between, not all at the same place in a page table. */
static char *page_of(int m, int p)
{
	unsigned long offset = p * STRIDE + p * 7 * PAGE_SIZE;

	return mappings[m].start + (p == NR_PAGES - 1 ? MAPPING_SIZE - PAGE_SIZE : offset);
}

static int set_up(void)
{
	int m;

	/* Room for all of them. */
	area = mmap(NULL, AREA_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED || munmap(area, AREA_SIZE))
		return pr_perror("No address space");
	for (m = 0; m < NR_MAPPINGS; m++) {
		char *start = area + m * (MAPPING_SIZE + PAGE_SIZE);

		mappings[m].start = mmap(start, MAPPING_SIZE, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
		if (mappings[m].start == MAP_FAILED)
			return pr_perror("mmap of mapping %d", m);
		/* One page is one page, so that they can be counted. */
		if (madvise(start, MAPPING_SIZE, MADV_NOHUGEPAGE))
			return pr_perror("madvise");
	}
	return 0;
}

/* A page gets new content, or is dropped. */
static int change_one(void)
{
	int m = lrand48() % NR_MAPPINGS, p = lrand48() % NR_PAGES;
	unsigned long *tag = &mappings[m].tags[p];

	if (*tag != NO_CONTENT && page_check(page_of(m, p), *tag))
		return 1;
	if (lrand48() % 4 == 0)
		return page_drop(page_of(m, p), tag);
	page_renew(page_of(m, p), tag);
	return 0;
}

/* No more pages, and as many VMAs, as there were. Looked at first: to read a hole may fill it. */
static int check_usage(void)
{
	struct area_usage usage;
	unsigned long nr = 0;
	int m, p;

	for (m = 0; m < NR_MAPPINGS; m++)
		for (p = 0; p < NR_PAGES; p++)
			nr += mappings[m].tags[p] != NO_CONTENT;
	if (area_usage(getpid(), area, area + AREA_SIZE, &usage))
		return 1;
	if (usage.nr_vmas != NR_MAPPINGS)
		return fail("%lu VMAs instead of %d", usage.nr_vmas, NR_MAPPINGS);
	if (usage.rss > nr * PAGE_SIZE)
		return fail("%lu bytes in memory instead of %lu pages", usage.rss, nr);
	return 0;
}

static int check_pages(void)
{
	int m, p, failed = 0;

	for (m = 0; m < NR_MAPPINGS; m++)
		for (p = 0; p < NR_PAGES; p++)
			failed |= page_check(page_of(m, p), mappings[m].tags[p]);
	return failed;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	if (set_up())
		return 1;
	if (change_some(change_one, 2 * NR_MAPPINGS * NR_PAGES))
		return 1;
	if (check_usage())
		return 1;

	test_daemon();
	if (change_all_the_time(change_one, 8))
		return 1;

	if (check_usage() | check_pages())
		return 1;
	pass();
	return 0;
}
