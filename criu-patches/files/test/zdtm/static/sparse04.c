// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sparse_pages.h"
#include "zdtmtst.h"

const char *test_doc = "A mapping that grows to terabytes and shrinks again: what was cut off does not come back";
const char *test_author = "criu-uffd-wp maintainers";

#define MAX_SIZE (4 * TIB)
#define NR_PAGES 256
#define STRIDE	 (MAX_SIZE / NR_PAGES)

static char *area;
static int nr_strides;
static unsigned long tags[NR_PAGES];

static char *page_of(int p)
{
	return area + p * STRIDE + p * 5 * PAGE_SIZE;
}

static int resize(void)
{
	int p, nr = 1 + lrand48() % NR_PAGES;
	void *ret;

	ret = mremap(area, nr_strides * STRIDE, nr * STRIDE, 0);
	if (ret != area)
		return pr_perror("mremap from %d to %d strides", nr_strides, nr);
	for (p = nr; p < nr_strides; p++)
		tags[p] = NO_CONTENT;
	nr_strides = nr;
	return 0;
}

static int change_one(void)
{
	int p = lrand48() % nr_strides;

	if (page_check(page_of(p), tags[p]))
		return 1;
	page_renew(page_of(p), &tags[p]);
	return 0;
}

/* Grown for a last time, everything that was cut off reads as zeros. */
static int check_pages(void)
{
	int p, failed = 0;

	if (mremap(area, nr_strides * STRIDE, MAX_SIZE, 0) != area)
		return pr_perror("mremap");
	for (p = 0; p < NR_PAGES; p++)
		failed |= page_check(page_of(p), tags[p]);
	return failed;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	area = mmap(NULL, MAX_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		return pr_perror("mmap");
	nr_strides = NR_PAGES;
	if (change_some(change_one, NR_PAGES))
		return 1;

	test_daemon();
	while (test_go()) {
		if (resize() || change_some(change_one, 32))
			return 1;
		usleep(1000);
	}

	if (check_pages())
		return 1;
	pass();
	return 0;
}
