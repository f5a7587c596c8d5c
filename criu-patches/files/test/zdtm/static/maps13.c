// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sparse_pages.h"
#include "zdtmtst.h"

const char *test_doc = "60,000 mappings, near to as many as a task may have";
const char *test_author = "criu-uffd-wp maintainers";

/* Odd: what is next to the area does not become part of it, as its ends are read-only. */
#define NR_MAPPINGS 60001

static char *area;
static unsigned long tags[NR_MAPPINGS];

static char *page_of(int i)
{
	return area + i * PAGE_SIZE;
}

/* Every other page is read-only, so that no two neighbours are one VMA. */
static int writable(int i)
{
	return i % 2;
}

static int check_one(int i)
{
	return page_check(page_of(i), tags[i]);
}

static int change_one(void)
{
	int i = lrand48() % (NR_MAPPINGS / 2) * 2 + 1;

	if (check_one(i) | check_one(i - 1))
		return 1;
	page_renew(page_of(i), &tags[i]);
	return 0;
}

static int set_up(void)
{
	int i;

	area = mmap(NULL, NR_MAPPINGS * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return pr_perror("mmap");
	/* Some have no page. */
	for (i = 0; i < NR_MAPPINGS; i++) {
		tags[i] = i % 7 ? i + 1 : NO_CONTENT;
		if (tags[i] != NO_CONTENT)
			page_fill(page_of(i), tags[i]);
		if (!writable(i) && mprotect(page_of(i), PAGE_SIZE, PROT_READ))
			return pr_perror("mprotect of page %d", i);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct area_usage usage;
	int i, failed = 0;

	test_init(argc, argv);
	if (set_up())
		return 1;

	test_daemon();
	if (change_all_the_time(change_one, 32))
		return 1;

	if (area_usage(getpid(), area, area + NR_MAPPINGS * PAGE_SIZE, &usage))
		return 1;
	if (usage.nr_vmas != NR_MAPPINGS)
		failed = fail("%lu VMAs instead of %d", usage.nr_vmas, NR_MAPPINGS);
	for (i = 0; i < NR_MAPPINGS; i++)
		failed |= check_one(i);
	if (failed)
		return 1;
	pass();
	return 0;
}
