// SPDX-License-Identifier: GPL-2.0
/*
 * Guard regions in memory that is locked: the kernel refuses to install guards
 * there (EINVAL), but locks memory that has some. Removing them is possible.
 */
#include <errno.h>

#include "../subject.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE  103
#endif

#define NR_PAGES 128

static struct region *locked, *onfault;

/* Every fourth page is a guard, others have content. */
static void fill(struct region *r)
{
	for (size_t i = 0; i < NR_PAGES; i++) {
		if (i % 4) {
			page_write(r, i);
			continue;
		}
		if (madvise(region_page(r, i), page_size, MADV_GUARD_INSTALL)) {
			must(errno == EINVAL);
			skip("the kernel has no guard regions (6.13)");
		}
		r->tags[i] = TAG_GUARD;
	}
}

static void check_locked(const struct region *r)
{
	long kb = smaps_kb(r->start, "Size");

	if (kb != (long)(region_bytes(r) / 1024))
		fail("%s: the mapping has %ld KiB, not %zu", r->name, kb, region_bytes(r) / 1024);
	if (smaps_kb(r->start, "Locked") <= 0)
		fail("%s is not locked", r->name);
}

void subject_setup(void)
{
	locked = region_map("locked", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	onfault = region_map("on fault", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	fill(locked);
	fill(onfault);
	/* Fails at the first guard, but locks what is there and what comes. */
	must(mlock(locked->start, region_bytes(locked)) && errno == ENOMEM);
	must(mlock2(onfault->start, region_bytes(onfault), MLOCK_ONFAULT) == 0);
	check_locked(locked);
	check_locked(onfault);
}

void subject_step(int n)
{
	size_t gone = 4 * n;

	must(madvise(region_page(locked, gone), page_size, MADV_GUARD_REMOVE) == 0);
	locked->tags[gone] = TAG_ZERO;
	page_write(locked, gone + 1);
	must(madvise(region_page(onfault, gone), page_size, MADV_GUARD_REMOVE) == 0);
	page_write(onfault, gone);
	expect_at_most(locked->start, region_bytes(locked), 2);
	expect_at_most(onfault->start, region_bytes(onfault), 1);
}

void subject_check(int n)
{
	(void)n;
	check_locked(locked);
	check_locked(onfault);
}
