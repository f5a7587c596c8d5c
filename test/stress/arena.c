// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena.h"
#include "without.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13 */
#define MADV_GUARD_REMOVE  103
#endif

#define WINDOW	48
#define MAX_RUN 16

static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ,
			     PROT_NONE };

static int any_prot(struct author *author)
{
	return prots[rng_below(&author->rng, sizeof(prots) / sizeof(*prots))];
}

/* What the page holds when nothing of its own is there. */
static uint64_t empty_tag(const struct arena *a, size_t i)
{
	return a->is_file ? a->file_tags[i] : TAG_ZERO;
}

static void set_empty(struct arena *a, size_t i)
{
	a->r->tags[i] = empty_tag(a, i);
	a->copied[i] = false;
}

static int open_file(const struct arena *a, int flags)
{
	int fd = open(a->path, flags | O_CLOEXEC, 0600);

	must(fd >= 0);
	return fd;
}

static void map(struct arena *a, size_t first, size_t nr, int prot, int flags)
{
	char *start = region_page(a->r, first);
	int fd = a->is_file ? open_file(a, O_RDWR) : -1;
	size_t i;

	flags |= MAP_PRIVATE | MAP_FIXED | (a->is_file ? 0 : MAP_ANONYMOUS);
	must(mmap(start, nr * page_size, prot, flags, fd, a->is_file ? first * page_size : 0) == start);
	if (fd >= 0)
		close(fd);
	for (i = first; i < first + nr; i++) {
		a->prot[i] = prot;
		set_empty(a, i);
	}
}

static void map_somehow(struct arena *a, struct author *author, size_t first, size_t nr)
{
	int flags = 0;

	/* To populate a private file mapping is to copy it. */
	if (!a->is_file && rng_once_in(&author->rng, 4))
		flags |= MAP_POPULATE;
	if (rng_once_in(&author->rng, 4))
		flags |= MAP_NORESERVE;
	map(a, first, nr, any_prot(author), flags);
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
	set_empty(a, i);
}

static void free_lazily(struct arena *a, size_t i)
{
	if (a->is_file || without("free"))
		return;
	must(madvise(region_page(a->r, i), page_size, MADV_FREE) == 0);
	if (a->r->tags[i] != TAG_ZERO)
		a->r->tags[i] |= TAG_OR_ZERO;
}

static bool is_guard(const struct arena *a, size_t i)
{
	return a->r->tags[i] == TAG_GUARD;
}

static void write_page(struct arena *a, struct author *author, size_t i, enum how how)
{
	if (is_guard(a, i) || (!(a->prot[i] & PROT_WRITE) && how != BY_MEM_FILE))
		return;
	if (page_change(author, a->r, i, how))
		a->copied[i] = true;
}

/* One page, because that is of one mapping: over several mremap may fail half way. */
static void move(struct arena *a, size_t from, size_t to)
{
	/* A page of a file mapping takes its place in the file along, which the model does not. */
	if (from == to || a->is_file)
		return;
	must(mremap(region_page(a->r, from), page_size, page_size, MREMAP_MAYMOVE | MREMAP_FIXED,
		    region_page(a->r, to)) != MAP_FAILED);
	a->r->tags[to] = a->r->tags[from];
	a->prot[to] = a->prot[from];
	a->r->tags[from] = TAG_UNMAPPED;
}

/* Not of files: what a cut makes of guards depends on the kernel. */
static void guard(struct arena *a, struct author *author, size_t i)
{
	if (a->is_file || without("guard"))
		return;
	if (is_guard(a, i)) {
		must(madvise(region_page(a->r, i), page_size, MADV_GUARD_REMOVE) == 0);
		set_empty(a, i);
	} else if (rng_once_in(&author->rng, 3)) {
		if (madvise(region_page(a->r, i), page_size, MADV_GUARD_INSTALL) == 0)
			a->r->tags[i] = TAG_GUARD;
		else
			must(errno == EINVAL); /* Linux before 6.13 */
	}
}

/* Advice that changes no content, and may be refused. */
static const struct {
	const char *name;
	int advice;
	bool whole; /* all of the arena: a huge page */
} advices[] = {
	{ "hugepage", MADV_HUGEPAGE, true }, { "nohugepage", MADV_NOHUGEPAGE, true },
	{ "collapse", MADV_COLLAPSE, true }, { "cold", MADV_COLD, false },
	{ "pageout", MADV_PAGEOUT, false },
};

static void advise(struct arena *a, struct author *author)
{
	size_t kind = rng_below(&author->rng, sizeof(advices) / sizeof(*advices));
	size_t first = 0, nr = ARENA_PAGES;

	if (!advices[kind].whole) {
		first = rng_below(&author->rng, ARENA_PAGES);
		nr = 1 + rng_below(&author->rng, ARENA_PAGES - first);
	} else if (a->is_file) {
		return;
	}
	if (!without(advices[kind].name))
		madvise(region_page(a->r, first), nr * page_size, advices[kind].advice);
}

/* What a cut takes away from a private mapping, its own copies included, is the file's again: zeros. */
static void cut_file(struct arena *a, struct author *author)
{
	int fd = open_file(a, O_RDWR);
	size_t cut = a->window + rng_below(&author->rng, ARENA_PAGES - a->window), i;

	must(ftruncate(fd, cut * page_size) == 0);
	must(ftruncate(fd, ARENA_PAGES * page_size) == 0);
	close(fd);
	for (i = cut; i < ARENA_PAGES; i++) {
		a->file_tags[i] = TAG_ZERO;
		if (page_is_mapped(a->r, i))
			set_empty(a, i);
	}
}

static void write_file(struct arena *a, struct author *author, size_t first, size_t nr)
{
	int fd = open_file(a, O_WRONLY);
	char content[65536];
	size_t i;

	for (i = first; i < first + nr; i++) {
		a->file_tags[i] = author_new_tag(author);
		page_fill(content, a->file_tags[i]);
		must(pwrite(fd, content, page_size, i * page_size) == (ssize_t)page_size);
		if (page_is_mapped(a->r, i) && !a->copied[i])
			a->r->tags[i] = a->file_tags[i];
	}
	close(fd);
}

enum page_op { OP_PROTECT, OP_DROP, OP_FREE, OP_MOVE, OP_CHECK, OP_KERNEL, OP_FORCE, OP_WRITE, OP_GUARD, NR_PAGE_OPS };

static void operate_on_page(struct arena *a, struct author *author, size_t i, enum page_op op, int prot)
{
	if (op == OP_PROTECT)
		protect(a, i, prot);
	else if (op == OP_MOVE)
		move(a, i, a->window + rng_below(&author->rng, WINDOW));
	else if (op == OP_GUARD)
		guard(a, author, i);
	else if (is_guard(a, i))
		; /* Nothing else changes it, and it can't be read. */
	else if (op == OP_DROP)
		drop(a, i);
	else if (op == OP_FREE)
		free_lazily(a, i);
	else if (op == OP_CHECK && (a->prot[i] & PROT_READ))
		page_check(a->r, i);
	else if (op == OP_KERNEL)
		write_page(a, author, i, rng_once_in(&author->rng, 2) ? BY_READ : BY_VM_WRITEV);
	else if (op == OP_FORCE)
		write_page(a, author, i, BY_MEM_FILE);
	else
		write_page(a, author, i, BY_STORE);
}

void arena_operate(struct arena *a, struct author *author)
{
	size_t nr = 1 + rng_below(&author->rng, MAX_RUN);
	size_t first = a->window + rng_below(&author->rng, WINDOW - nr), i;
	size_t what = rng_below(&author->rng, 100);
	enum page_op op = rng_below(&author->rng, NR_PAGE_OPS);
	int prot = any_prot(author);

	if (rng_once_in(&author->rng, 200))
		a->window = rng_below(&author->rng, ARENA_PAGES - WINDOW);
	if (what < 10) {
		map_somehow(a, author, first, nr);
	} else if (what < 15) {
		unmap(a, first, nr);
	} else if (what < 16) {
		advise(a, author);
	} else if (what < 18 && a->is_file) {
		write_file(a, author, first, nr);
	} else if (what < 19 && a->is_file && rng_once_in(&author->rng, 8) &&
		   !without("cut")) {
		cut_file(a, author);
	} else {
		for (i = first; i < first + nr; i++)
			if (page_is_mapped(a->r, i))
				operate_on_page(a, author, i, what % 3 ? op : OP_WRITE, prot);
	}
}

void arena_check(const struct arena *a)
{
	size_t i;

	for (i = 0; i < ARENA_PAGES; i++)
		if (page_is_mapped(a->r, i) && !is_guard(a, i) && (a->prot[i] & PROT_READ))
			page_check(a->r, i);
}

void arena_write_some(struct arena *a, struct author *author, size_t nr)
{
	while (nr--) {
		size_t i = rng_below(&author->rng, ARENA_PAGES);

		if (page_is_mapped(a->r, i))
			write_page(a, author, i, BY_STORE);
	}
}

static void fill(struct arena *a, struct author *author)
{
	size_t i;

	map(a, 0, ARENA_PAGES, PROT_READ | PROT_WRITE, 0);
	/* Of a file mapping every other page stays the file's. */
	for (i = 0; i < ARENA_PAGES; i += a->is_file ? 2 : 1)
		write_page(a, author, i, BY_STORE);
}

void arena_new_file(struct arena *a, struct author *author, const char *path)
{
	int fd;

	snprintf(a->path, sizeof(a->path), "%s", path);
	fd = open_file(a, O_RDWR | O_CREAT | O_TRUNC);
	must(ftruncate(fd, ARENA_PAGES * page_size) == 0);
	close(fd);
	write_file(a, author, 0, ARENA_PAGES);
	fill(a, author);
}

void arena_init(struct arena *a, struct author *author, const char *name, const char *path)
{
	*a = (struct arena){ .is_file = path };
	a->r = region_add(name, region_place(ARENA_PAGES * page_size), ARENA_PAGES, ARENA_PAGES);
	pages_set(a->r, 0, ARENA_PAGES, TAG_UNMAPPED);
	if (path)
		arena_new_file(a, author, path);
	else
		fill(a, author);
}
