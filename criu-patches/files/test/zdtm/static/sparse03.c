// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sparse_pages.h"
#include "zdtmtst.h"

const char *test_doc = "16 TiB without access, with islands that can be used for a while and keep their content";
const char *test_author = "criu-uffd-wp maintainers";

#define AREA_SIZE  (16 * TIB)
#define NR_ISLANDS 4096
#define NR_PAGES   4 /* of an island */
#define STRIDE	   (AREA_SIZE / NR_ISLANDS)

static char *area;

static struct island {
	int open;
	unsigned long tags[NR_PAGES];
} islands[NR_ISLANDS];

static char *page_of(int i, int p)
{
	return area + i * STRIDE + i * 3 * PAGE_SIZE + p * PAGE_SIZE;
}

static int protect(int i, int prot)
{
	if (mprotect(page_of(i, 0), NR_PAGES * PAGE_SIZE, prot))
		return pr_perror("mprotect of island %d", i);
	islands[i].open = prot != PROT_NONE;
	return 0;
}

static int change_one(void)
{
	int i = lrand48() % NR_ISLANDS, p = lrand48() % NR_PAGES;
	struct island *island = &islands[i];

	if (!island->open && protect(i, PROT_READ | PROT_WRITE))
		return 1;
	if (page_check(page_of(i, p), island->tags[p]))
		return 1;
	switch (lrand48() % 4) {
	case 0:
		/* Not to be seen, but still there. */
		return protect(i, PROT_NONE);
	case 1:
		return page_drop(page_of(i, p), &island->tags[p]);
	default:
		page_renew(page_of(i, p), &island->tags[p]);
		return 0;
	}
}

static int check_pages(void)
{
	int i, p, failed = 0;

	for (i = 0; i < NR_ISLANDS; i++) {
		if (!islands[i].open && protect(i, PROT_READ))
			return 1;
		for (p = 0; p < NR_PAGES; p++)
			failed |= page_check(page_of(i, p), islands[i].tags[p]);
	}
	return failed;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	area = mmap(NULL, AREA_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		return pr_perror("mmap");
	if (change_some(change_one, 2 * NR_ISLANDS))
		return 1;

	test_daemon();
	if (change_all_the_time(change_one, 8))
		return 1;

	if (check_pages())
		return 1;
	pass();
	return 0;
}
