// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "blocks.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define MAX_NEW 32 /* pages */

static char *place_start(const struct blocks *b, int place)
{
	return b->places + place * PLACE_STEP * page_size;
}

static char *block_end(const struct block *k)
{
	return region_page(k->r, k->r->nr_pages);
}

/* Pages behind the block that belong to its place. */
static size_t room_behind(const struct blocks *b, const struct block *k)
{
	return (place_start(b, k->place) + PLACE_PAGES * page_size - block_end(k)) / page_size;
}

static bool exists(const struct block *k)
{
	return k->r->nr_pages;
}

static size_t blocks_at(const struct blocks *b, int place)
{
	size_t i, nr = 0;

	for (i = 0; i < NR_BLOCKS; i++)
		nr += exists(&b->blocks[i]) && b->blocks[i].place == place;
	return nr;
}

static int free_place(const struct blocks *b, struct author *author)
{
	int first = rng_below(&author->rng, NR_PLACES), i;

	for (i = 0; i < NR_PLACES; i++)
		if (!blocks_at(b, (first + i) % NR_PLACES))
			return (first + i) % NR_PLACES;
	fail("no place for %d blocks", NR_BLOCKS);
}

/* A block number that is not in use, or NULL. */
static struct block *free_block(struct blocks *b)
{
	size_t i;

	for (i = 0; i < NR_BLOCKS; i++)
		if (!exists(&b->blocks[i]))
			return &b->blocks[i];
	return NULL;
}

static void block_set(struct block *k, int place, char *start, size_t nr_pages, int prot)
{
	k->r->start = start;
	k->r->nr_pages = nr_pages;
	k->place = place;
	k->prot = prot;
}

static void create(struct blocks *b, struct author *author)
{
	struct block *k = free_block(b);
	int place = free_place(b, author);
	char *start = place_start(b, place) + rng_below(&author->rng, 8) * page_size;
	size_t nr = 1 + rng_below(&author->rng, MAX_NEW);

	if (!k)
		return;
	must(mmap(start, nr * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		  0) == start);
	block_set(k, place, start, nr, PROT_READ | PROT_WRITE);
	pages_set(k->r, 0, nr, TAG_ZERO);
}

static void destroy(struct block *k)
{
	must(munmap(k->r->start, region_bytes(k->r)) == 0);
	k->r->nr_pages = 0;
}

static void grow(struct blocks *b, struct author *author, struct block *k)
{
	size_t old = k->r->nr_pages, nr = old + rng_below(&author->rng, room_behind(b, k) + 1);

	if (mremap(k->r->start, old * page_size, nr * page_size, 0) == MAP_FAILED) {
		/* Another block may be in the way. */
		must(errno == ENOMEM && blocks_at(b, k->place) > 1);
		return;
	}
	pages_set(k->r, old, nr - old, TAG_ZERO);
	k->r->nr_pages = nr;
}

static void shrink(struct author *author, struct block *k)
{
	size_t nr = 1 + rng_below(&author->rng, k->r->nr_pages);

	must(mremap(k->r->start, region_bytes(k->r), nr * page_size, 0) == k->r->start);
	k->r->nr_pages = nr;
}

/* To another place, with another size perhaps. */
static void move(struct blocks *b, struct author *author, struct block *k)
{
	int place = free_place(b, author);
	char *to = place_start(b, place) + rng_below(&author->rng, 8) * page_size;
	size_t old = k->r->nr_pages, nr = old;

	if (rng_once_in(&author->rng, 2))
		nr = 1 + rng_below(&author->rng, PLACE_PAGES - 8);
	else if (nr > PLACE_PAGES - 8)
		to = place_start(b, place);
	must(mremap(k->r->start, old * page_size, nr * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	if (nr > old)
		pages_set(k->r, old, nr - old, TAG_ZERO);
	block_set(k, place, to, nr, k->prot);
}

/* The content goes, the old mapping stays and is empty. */
static void move_and_keep(struct blocks *b, struct author *author, struct block *k)
{
	int old_place = k->place, place = free_place(b, author);
	char *old = k->r->start, *to = place_start(b, place);
	size_t nr = k->r->nr_pages;
	struct block *rest = free_block(b);

	must(mremap(old, nr * page_size, nr * page_size, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to) == to);
	block_set(k, place, to, nr, k->prot);
	if (!rest) {
		must(munmap(old, nr * page_size) == 0);
		return;
	}
	block_set(rest, old_place, old, nr, k->prot);
	pages_set(rest->r, 0, nr, TAG_ZERO);
}

/* A part in front, in the middle or at the end goes; what is behind a part in the middle is unmapped. */
static void move_part(struct blocks *b, struct author *author, struct block *k)
{
	int place = free_place(b, author);
	size_t old = k->r->nr_pages, first = rng_below(&author->rng, old);
	size_t nr = 1 + rng_below(&author->rng, old - first);
	char *to = place_start(b, place), *from = region_page(k->r, first);
	struct block *part = free_block(b);

	if (!part || nr == old)
		return;
	must(mremap(from, nr * page_size, nr * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	block_set(part, place, to, nr, k->prot);
	memcpy(part->r->tags, k->r->tags + first, nr * sizeof(*k->r->tags));
	if (first == 0) {
		memmove(k->r->tags, k->r->tags + nr, (old - nr) * sizeof(*k->r->tags));
		block_set(k, k->place, region_page(k->r, nr), old - nr, k->prot);
		return;
	}
	if (first + nr < old)
		must(munmap(from + nr * page_size, (old - first - nr) * page_size) == 0);
	k->r->nr_pages = first;
}

/* Directly behind another block; the kernel may make one mapping of them. */
static void move_next_to(struct blocks *b, struct author *author, struct block *k)
{
	struct block *other = &b->blocks[rng_below(&author->rng, NR_BLOCKS)];
	char *to;

	if (other == k || !exists(other) || blocks_at(b, other->place) > 1 || room_behind(b, other) < k->r->nr_pages)
		return;
	to = block_end(other);
	must(mremap(k->r->start, region_bytes(k->r), region_bytes(k->r), MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	block_set(k, other->place, to, k->r->nr_pages, k->prot);
}

static void protect(struct author *author, struct block *k)
{
	static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE };

	k->prot = prots[rng_below(&author->rng, 4)];
	must(mprotect(k->r->start, region_bytes(k->r), k->prot) == 0);
}

static void drop_part(struct author *author, struct block *k)
{
	size_t first = rng_below(&author->rng, k->r->nr_pages), nr = 1 + rng_below(&author->rng, k->r->nr_pages - first);

	must(madvise(region_page(k->r, first), nr * page_size, MADV_DONTNEED) == 0);
	pages_set(k->r, first, nr, TAG_ZERO);
}

static void write_some(struct author *author, struct block *k, enum how how, size_t nr)
{
	if (!(k->prot & PROT_WRITE) && how != BY_MEM_FILE)
		return;
	while (nr--)
		page_change(author, k->r, rng_below(&author->rng, k->r->nr_pages), how);
}

static void check(const struct block *k)
{
	size_t i;

	if (k->prot & PROT_READ)
		for (i = 0; i < k->r->nr_pages; i++)
			page_check(k->r, i);
}

void blocks_operate(struct blocks *b, struct author *author)
{
	struct block *k = &b->blocks[rng_below(&author->rng, NR_BLOCKS)];

	if (!exists(k)) {
		create(b, author);
		return;
	}
	switch (rng_below(&author->rng, 24)) {
	case 0: destroy(k); break;
	case 1:
	case 2: grow(b, author, k); break;
	case 3: shrink(author, k); break;
	case 4:
	case 5: move(b, author, k); break;
	case 6: move_and_keep(b, author, k); break;
	case 7:
	case 8: move_part(b, author, k); break;
	case 9:
	case 10: move_next_to(b, author, k); break;
	case 11:
	case 12: protect(author, k); break;
	case 13: drop_part(author, k); break;
	case 14: check(k); break;
	default: write_some(author, k, rng_below(&author->rng, NR_HOWS), 1 + rng_below(&author->rng, 8));
	}
}

void blocks_check(const struct blocks *b)
{
	size_t i;

	for (i = 0; i < NR_BLOCKS; i++)
		check(&b->blocks[i]);
}

void blocks_write_some(struct blocks *b, struct author *author, size_t nr)
{
	while (nr--) {
		struct block *k = &b->blocks[rng_below(&author->rng, NR_BLOCKS)];

		if (exists(k))
			write_some(author, k, BY_STORE, 1);
	}
}

void blocks_init(struct blocks *b)
{
	size_t i;

	b->places = region_place(NR_PLACES * PLACE_STEP * page_size);
	for (i = 0; i < NR_BLOCKS; i++) {
		b->blocks[i].r = region_add("block", b->places, 0, PLACE_PAGES);
		b->blocks[i].place = -1;
	}
}
