// SPDX-License-Identifier: GPL-2.0
/*
 * Fork between iterations, parent and child write afterwards. The child's VMAs
 * are not registered and have no uffd-wp bits (no UFFD_FEATURE_EVENT_FORK), so
 * all of it has to be dumped the first time; the parent stays tracked, and its
 * pages are write-protected for copy-on-write too.
 */
#include <stdio.h>
#include <sys/utsname.h>

#include "../subject.h"
#include "../worker.h"

#define NR_PAGES 512
#define WRITTEN_BEFORE_FORK 8
#define NR_CHILDREN 3

static struct region *area, *wiped;
static struct worker child[NR_CHILDREN];

/*
 * Direct I/O of Linux 6.1 takes plain references, so that our series for it reports pages as written that are in a
 * pipe: in splice mode those that a new child still shares with tasks whose dump has just taken them. The parent's has
 * what it wrote before the fork, those of older children what they were left with for the same reason.
 */
static size_t reported_again(int n)
{
	int major, minor;
	struct utsname u;

	must(uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2);
	if (stock_only || major > 6 || (major == 6 && minor >= 7) || n > NR_CHILDREN + 1)
		return 0;
	return (n - 1) * WRITTEN_BEFORE_FORK;
}

static void child_step(int n)
{
	if (n == 0) {
		/* Just forked. */
		pages_set(wiped, 0, wiped->nr_pages, TAG_ZERO);
		expect_full(area->start, region_bytes(area));
	}
	pages_write_some(area, 0, NR_PAGES, 8);
	page_write(area, 0);
	page_write(wiped, 1);
	if (n > 1)
		expect_region(area, 9 + reported_again(n));
}

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	wiped = region_map("wiped in children", 16, PROT_READ | PROT_WRITE, 0);
	pages_write(wiped, 0, 16);
	must(madvise(wiped->start, region_bytes(wiped), MADV_WIPEONFORK) == 0);
}

void subject_step(int n)
{
	int i;

	if (n > NR_CHILDREN) {
		for (i = 0; i < NR_CHILDREN; i++)
			worker_call(&child[i], n);
	} else {
		/* Parent first, then child, and the other way round. */
		pages_write_some(area, 0, NR_PAGES, WRITTEN_BEFORE_FORK);
		worker_start(&child[n - 1], child_step);
		worker_call(&child[n - 1], 0);
		for (i = 0; i < n - 1; i++)
			worker_call(&child[i], n);
	}
	page_write(area, 1);
	expect_region(area, n > NR_CHILDREN ? 1 : 9);
}

void subject_check(int n)
{
	int i;

	for (i = 0; i < NR_CHILDREN && i < n; i++)
		worker_call(&child[i], WORKER_CHECK);
}
