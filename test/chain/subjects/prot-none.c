// SPDX-License-Identifier: GPL-2.0
/*
 * PROT_NONE with content: a dump that cannot read such pages, but protects them,
 * reports them later as clean: "missing parent". Inaccessible in one iteration
 * and readable in the next, the reverse, and inaccessible throughout.
 */
#include "../subject.h"

#define NR_PAGES 64

static struct region *closing, *opening, *closed, *empty, *half;

static void set_prot(struct region *r, int prot)
{
	must(mprotect(r->start, region_bytes(r), prot) == 0);
}

static struct region *make(const char *name, int prot)
{
	struct region *r = region_map(name, NR_PAGES, PROT_READ | PROT_WRITE, 0);

	pages_write(r, 0, NR_PAGES);
	set_prot(r, prot);
	return r;
}

void subject_setup(void)
{
	closing = make("closing", PROT_READ | PROT_WRITE);
	opening = make("opening", PROT_NONE);
	closed = make("closed", PROT_NONE);
	half = make("half", PROT_READ | PROT_WRITE);
	must(mprotect(half->start, 16 * page_size, PROT_NONE) == 0);
	empty = region_map("empty", NR_PAGES, PROT_NONE, 0);
}

/* Opened, written and closed again between two iterations. */
static void write_behind_the_door(struct region *r, size_t nr)
{
	set_prot(r, PROT_READ | PROT_WRITE);
	pages_write_some(r, 0, NR_PAGES, nr);
	set_prot(r, PROT_NONE);
	expect_region(r, nr);
}

void subject_step(int n)
{
	if (n == 1) {
		pages_write_some(closing, 0, NR_PAGES, 4);
		set_prot(closing, PROT_NONE);
		set_prot(opening, PROT_READ);
	} else if (n == 2) {
		/* Readable and clean, after iterations in which it was neither. */
		set_prot(closing, PROT_READ);
		set_prot(opening, PROT_READ | PROT_WRITE);
		pages_write_some(opening, 0, NR_PAGES, 4);
	} else if (n == 3) {
		set_prot(closing, PROT_NONE);
		set_prot(opening, PROT_NONE);
	}
	expect_region(closing, n == 1 ? 4 : 0);
	expect_region(opening, n == 2 ? 4 : 0);
	write_behind_the_door(closed, n == 1 ? 0 : 3);
	pages_write_some(half, 16, NR_PAGES - 16, 4);
	expect_region(half, 4);
	(void)empty;
}
