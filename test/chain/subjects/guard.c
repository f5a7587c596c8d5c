// SPDX-License-Identifier: GPL-2.0
/*
 * Guard regions (MADV_GUARD_INSTALL, Linux 6.13) come and go between iterations.
 * A guard is a marker that counts as swapped; reading one fails, and what was
 * under it is gone: "in the parent" would bring it back.
 */
#include <errno.h>

#include "../subject.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE  103
#endif

#define NR_PAGES 256

static struct region *area;

static void guard(size_t first, size_t nr)
{
	if (madvise(region_page(area, first), nr * page_size, MADV_GUARD_INSTALL)) {
		if (errno == EINVAL)
			skip("the kernel has no guard regions (6.13)");
		fail("MADV_GUARD_INSTALL: %m");
	}
	pages_set(area, first, nr, TAG_GUARD);
}

static void unguard(size_t first, size_t nr)
{
	must(madvise(region_page(area, first), nr * page_size, MADV_GUARD_REMOVE) == 0);
	pages_set(area, first, nr, TAG_ZERO);
}

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	guard(0, 16);
	guard(NR_PAGES - 1, 1);
}

void subject_step(int n)
{
	size_t first = 48 * n;

	/* Over content that the parent has; taken away again; taken away and written. */
	guard(first, 16);
	guard(first + 16, 16);
	unguard(first + 16, 16);
	guard(first + 32, 4);
	unguard(first + 32, 4);
	pages_write(area, first + 32, 2);
	if (n > 1) {
		/* A guard that lived through one iteration. */
		unguard(first - 48, 16);
		pages_write(area, first - 48, 4);
	}
	expect_at_most(area->start, region_bytes(area), 6);
}
