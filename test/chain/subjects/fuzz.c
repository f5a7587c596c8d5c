// SPDX-License-Identifier: GPL-2.0
/*
 * Hundreds of random operations between iterations, on anonymous memory and on a
 * private file mapping: map, unmap, protect, drop, move, guard, fork, write. What
 * no other subject thought of.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../subject.h"
#include "../worker.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE  103
#endif

#define NR_PAGES 1024
#define NR_OPS	 300
#define MAX_RUN	 24

const char subject_traits[] = "predumps=5 cycles=2";

/* A range of addresses in which everything happens; what is not mapped is TAG_UNMAPPED. */
struct arena {
	struct region *r;
	int fd_flags; /* of the file, -1: anonymous memory */
	int prot[NR_PAGES];
	uint64_t dropped[NR_PAGES]; /* what the page holds after MADV_DONTNEED */
};

static struct arena anon = { .fd_flags = -1 }, file = { .fd_flags = O_RDWR };
static uint64_t file_tags[NR_PAGES];

static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE };

static void map(struct arena *a, size_t first, size_t nr)
{
	int fd = a->fd_flags < 0 ? -1 : open("file", a->fd_flags);
	int prot = prots[rnd_below(4)];
	char *start = region_page(a->r, first);
	size_t i;

	must(fd >= 0 || a->fd_flags < 0);
	must(mmap(start, nr * page_size, prot, MAP_PRIVATE | MAP_FIXED | (fd < 0 ? MAP_ANONYMOUS : 0), fd,
		  fd < 0 ? 0 : first * page_size) == start);
	if (fd >= 0)
		close(fd);
	for (i = first; i < first + nr; i++) {
		a->prot[i] = prot;
		a->dropped[i] = fd < 0 ? TAG_ZERO : file_tags[i];
		a->r->tags[i] = a->dropped[i];
	}
}

static void unmap(struct arena *a, size_t first, size_t nr)
{
	must(munmap(region_page(a->r, first), nr * page_size) == 0);
	pages_set(a->r, first, nr, TAG_UNMAPPED);
}

static void protect(struct arena *a, size_t i, int prot)
{
	must(mprotect(region_page(a->r, i), page_size, prot) == 0);
	a->prot[i] = prot;
}

static void drop(struct arena *a, size_t i)
{
	must(madvise(region_page(a->r, i), page_size, MADV_DONTNEED) == 0);
	if (a->r->tags[i] != TAG_GUARD)
		a->r->tags[i] = a->dropped[i];
}

static void write_page(struct arena *a, size_t i)
{
	if ((a->prot[i] & PROT_WRITE) && a->r->tags[i] != TAG_GUARD)
		page_write(a->r, i);
}

static void read_page(struct arena *a, size_t i)
{
	if ((a->prot[i] & PROT_READ) && a->r->tags[i] != TAG_GUARD)
		pages_read(a->r, i, 1);
}

/* One page, so that it is of one mapping: over several, mremap may fail half way. */
static void move(struct arena *a, size_t from, size_t to)
{
	if (from == to)
		return;
	must(mremap(region_page(a->r, from), page_size, page_size, MREMAP_MAYMOVE | MREMAP_FIXED,
		    region_page(a->r, to)) != MAP_FAILED);
	a->r->tags[to] = a->r->tags[from];
	a->prot[to] = a->prot[from];
	a->dropped[to] = a->dropped[from];
	a->r->tags[from] = TAG_UNMAPPED;
}

static void guard(struct arena *a, size_t i)
{
	if (a->r->tags[i] == TAG_GUARD) {
		must(madvise(region_page(a->r, i), page_size, MADV_GUARD_REMOVE) == 0);
		a->r->tags[i] = a->dropped[i];
	} else if (madvise(region_page(a->r, i), page_size, MADV_GUARD_INSTALL) == 0) {
		a->r->tags[i] = TAG_GUARD;
	} else {
		must(errno == EINVAL); /* Linux before 6.13, of files before 6.15 */
	}
}

static int write_everywhere(void *arg)
{
	struct arena *a = arg;
	size_t i;

	for (i = 0; i < NR_PAGES; i++)
		if (a->r->tags[i] != TAG_UNMAPPED)
			write_page(a, i);
	return 0;
}

static void each_mapped(struct arena *a, size_t first, size_t nr, int op)
{
	int prot = prots[rnd_below(4)];
	size_t i;

	for (i = first; i < first + nr; i++) {
		if (a->r->tags[i] == TAG_UNMAPPED)
			continue;
		if (op == 0)
			protect(a, i, prot);
		else if (op == 1)
			drop(a, i);
		else if (op == 2)
			move(a, i, rnd_below(NR_PAGES));
		else if (op == 3)
			guard(a, i);
		else if (op == 4)
			read_page(a, i);
		else
			write_page(a, i);
	}
}

static void operate(struct arena *a)
{
	size_t nr = 1 + rnd_below(MAX_RUN), first = rnd_below(NR_PAGES - nr);
	size_t what = rnd_below(100);

	if (what < 12)
		map(a, first, nr);
	else if (what < 18)
		unmap(a, first, nr);
	else if (what < 19)
		in_child(write_everywhere, a);
	else
		each_mapped(a, first, nr, what % 9);
}

static void make_file(void)
{
	static char page[65536];
	int fd = open("file", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t i;

	must(fd >= 0);
	for (i = 0; i < NR_PAGES; i++) {
		file_tags[i] = (1000 + i) | TAG_NOT_OURS;
		page_fill(page, file_tags[i]);
		must(write(fd, page, page_size) == (ssize_t)page_size);
	}
	must(close(fd) == 0);
}

static void make_arena(struct arena *a, const char *name)
{
	a->r = region_add(name, region_place(NR_PAGES * page_size), NR_PAGES, NR_PAGES);
	pages_set(a->r, 0, NR_PAGES, TAG_UNMAPPED);
	map(a, 0, NR_PAGES);
	each_mapped(a, 0, NR_PAGES, 5);
}

void subject_setup(void)
{
	make_file();
	make_arena(&anon, "anonymous");
	make_arena(&file, "file");
	file.r->file = true;
}

void subject_step(int n)
{
	int i;

	(void)n;
	for (i = 0; i < NR_OPS; i++)
		operate(rnd_below(2) ? &anon : &file);
}
