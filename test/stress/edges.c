// SPDX-License-Identifier: GPL-2.0
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edges.h"

#define DOWNWARD_PAGES 128
#define DOWNWARD_FIRST 2
/* The kernel keeps 256 pages free below (stack_guard_gap). */
#define DOWNWARD_GAP   512

#define HEAP_PAGES	   256
#define HEAP_FIRST	   16
#define HEAP_CHANGE	   32
#define MALLOC_KEEPS_BYTES (1 << 20)

#define DIVE_WORDS 256
#define DIVE_DEPTH 64

static void downward_map(struct edge *e)
{
	char *start = region_page(e->r, DOWNWARD_PAGES - DOWNWARD_FIRST);

	must(mmap(start, DOWNWARD_FIRST * page_size, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN, -1, 0) == start);
	pages_set(e->r, 0, DOWNWARD_PAGES, TAG_UNMAPPED);
	pages_set(e->r, DOWNWARD_PAGES - DOWNWARD_FIRST, DOWNWARD_FIRST, TAG_ZERO);
	e->mapped = DOWNWARD_FIRST;
}

void downward_init(struct edge *e)
{
	char *start = region_place((DOWNWARD_GAP + DOWNWARD_PAGES) * page_size) + DOWNWARD_GAP * page_size;

	e->r = region_add("downward", start, DOWNWARD_PAGES, DOWNWARD_PAGES);
	downward_map(e);
}

static void downward_grow(struct edge *e, struct author *author, size_t nr)
{
	for (; nr && e->mapped < DOWNWARD_PAGES; nr--) {
		e->mapped++;
		page_change(author, e->r, DOWNWARD_PAGES - e->mapped, BY_STORE);
	}
}

/* The lower part goes, but one page. */
static void downward_shrink(struct edge *e, size_t nr)
{
	size_t first = DOWNWARD_PAGES - e->mapped;

	if (nr >= e->mapped)
		return;
	must(munmap(region_page(e->r, first), nr * page_size) == 0);
	pages_set(e->r, first, nr, TAG_UNMAPPED);
	e->mapped -= nr;
}

void downward_operate(struct edge *e, struct author *author)
{
	size_t what = rng_below(&author->rng, 16), nr = 1 + rng_below(&author->rng, 8);

	if (what == 0) {
		/* All that could be there: reading /proc/PID/mem below such a mapping makes it grow, as an access of ours does. */
		must(munmap(region_page(e->r, 0), DOWNWARD_PAGES * page_size) == 0);
		downward_map(e);
	} else if (what < 3) {
		downward_shrink(e, nr);
	} else if (what < 9) {
		downward_grow(e, author, nr);
	} else {
		for (; nr; nr--)
			page_change(author, e->r, DOWNWARD_PAGES - 1 - rng_below(&author->rng, e->mapped),
				    rng_below(&author->rng, NR_HOWS));
	}
}

static void heap_resize(struct edge *e, size_t nr)
{
	must(brk(region_page(e->r, nr)) == 0);
	if (nr > e->mapped)
		pages_set(e->r, e->mapped, nr - e->mapped, TAG_ZERO);
	else
		pages_set(e->r, nr, e->mapped - nr, TAG_UNMAPPED);
	e->mapped = nr;
}

void heap_init(struct edge *e)
{
	void *volatile kept; /* volatile: compilers leave out a malloc() whose result nobody uses */
	uintptr_t end;

	/* malloc() gets what it needs for long now, and gives nothing back: it must not move the break any more. */
	mallopt(M_TOP_PAD, MALLOC_KEEPS_BYTES);
	mallopt(M_TRIM_THRESHOLD, -1);
	kept = malloc(MALLOC_KEEPS_BYTES / 2);
	must(kept);
	free(kept);
	end = (uintptr_t)sbrk(0);
	e->r = region_add("heap", (char *)((end + page_size - 1) & -page_size), HEAP_PAGES, HEAP_PAGES);
	pages_set(e->r, 0, HEAP_PAGES, TAG_UNMAPPED);
	heap_resize(e, HEAP_FIRST);
}

void heap_operate(struct edge *e, struct author *author)
{
	size_t what = rng_below(&author->rng, 8), change = rng_below(&author->rng, HEAP_CHANGE), nr;

	if (what == 0 && change < e->mapped)
		heap_resize(e, e->mapped - change);
	else if (what == 1 && e->mapped + change <= HEAP_PAGES)
		heap_resize(e, e->mapped + change);
	else
		for (nr = rng_below(&author->rng, 4); nr; nr--)
			page_change(author, e->r, rng_below(&author->rng, e->mapped), rng_below(&author->rng, NR_HOWS));
}

static __attribute__((noinline)) void dive(struct rng *rng, int depth)
{
	volatile uint64_t words[DIVE_WORDS];
	struct rng copy = *rng;
	size_t i;

	for (i = 0; i < DIVE_WORDS; i++)
		words[i] = rng_next(rng);
	if (depth)
		dive(rng, depth - 1);
	for (i = 0; i < DIVE_WORDS; i++) {
		uint64_t expected = rng_next(&copy), found = words[i];

		if (found != expected)
			fail("running, pid %d: word %zu at %p of the stack must be %#llx, is %#llx", getpid(), i,
			     (void *)&words[i], (unsigned long long)expected, (unsigned long long)found);
	}
}

void stack_dive(struct author *author)
{
	dive(&author->rng, rng_below(&author->rng, DIVE_DEPTH));
}
