// SPDX-License-Identifier: GPL-2.0
/*
 * The stack grows between iterations, with live content in the new part. A stack
 * VMA grows down over its guard gap: its start changes while the tracker knows
 * it by the old one.
 */
#include "../subject.h"

#define NR_PAGES 64

/* Serves the next command with one more slab of pages on the stack, so it never returns. */
__attribute__((noinline, noreturn)) static void deeper(int n)
{
	char slab[(NR_PAGES + 1) * page_size];
	char *start = (char *)(((uintptr_t)slab + page_size - 1) & -page_size);
	struct region *r = region_add("stack", start, NR_PAGES, NR_PAGES);

	pages_write(r, 0, NR_PAGES);
	(void)n;
	acknowledge_and_serve();
}

static struct region *first_slab;

void subject_setup(void)
{
	char slab[(NR_PAGES + 1) * page_size];

	first_slab = region_add("stack", (char *)(((uintptr_t)slab + page_size - 1) & -page_size), NR_PAGES, NR_PAGES);
	pages_write(first_slab, 0, NR_PAGES);
	acknowledge_and_serve();
}

void subject_step(int n)
{
	pages_write_some(first_slab, 0, NR_PAGES, 2);
	expect_region(first_slab, 2);
	deeper(n);
}
