// SPDX-License-Identifier: GPL-2.0
/*
 * Thousands of guard regions of one page, in a mapping of a file and in anonymous
 * memory: some go, others come between iterations, over pages that an earlier image
 * has, too. In children, which inherit them, they come and go independently.
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

#define NR_GUARDS 5000
#define NR_PAGES  (2 * NR_GUARDS)
#define CHANGES	  600

static struct region *anon, *file;
static struct worker child;
/* Of the file: (1000 + page) | TAG_NOT_OURS */

static uint64_t empty_tag(const struct region *r, size_t i)
{
	return r->file ? (1000 + i) | TAG_NOT_OURS : TAG_ZERO;
}

/* False: the kernel can't. */
static bool guard(struct region *r, size_t i)
{
	if (madvise(region_page(r, i), page_size, MADV_GUARD_INSTALL)) {
		must(errno == EINVAL);
		return false;
	}
	r->tags[i] = TAG_GUARD;
	return true;
}

static void unguard(struct region *r, size_t i)
{
	must(madvise(region_page(r, i), page_size, MADV_GUARD_REMOVE) == 0);
	r->tags[i] = empty_tag(r, i);
}

/* Guards appear over content and over nothing, and go; some that went are read, some written. */
static void change(struct region *r)
{
	for (size_t n = 0; n < CHANGES; n++) {
		size_t i = rnd_below(NR_PAGES);

		if (r->tags[i] != TAG_GUARD) {
			must(guard(r, i));
			continue;
		}
		unguard(r, i);
		if (n % 4 == 1)
			pages_read(r, i, 1);
		else if (n % 4 == 2)
			page_write(r, i);
		else if (n % 8 == 3)
			must(guard(r, i));
	}
}

static void change_both(void)
{
	change(anon);
	if (file)
		change(file);
}

static void child_step(int n)
{
	(void)n;
	change_both();
}

static struct region *map_file(void)
{
	static char page[65536];
	char *start = region_place(NR_PAGES * page_size);
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct region *r;

	must(fd >= 0);
	r = region_add("file", start, NR_PAGES, NR_PAGES);
	r->file = true;
	for (size_t i = 0; i < NR_PAGES; i++) {
		r->tags[i] = empty_tag(r, i);
		page_fill(page, r->tags[i]);
		must(write(fd, page, page_size) == (ssize_t)page_size);
	}
	must(mmap(start, NR_PAGES * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0) == start);
	must(close(fd) == 0);
	return r;
}

/* Every second page is a guard, half of the others have content. */
static bool fill(struct region *r)
{
	for (size_t i = 0; i < NR_PAGES; i++) {
		if (i % 2 == 0 && !guard(r, i))
			return false;
		if (i % 4 == 1)
			page_write(r, i);
	}
	return true;
}

void subject_setup(void)
{
	anon = region_map("anonymous", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	if (!fill(anon))
		skip("the kernel has no guard regions (6.13)");
	file = map_file();
	if (!fill(file)) {
		/* Linux 6.13 and 6.14: anonymous memory only. */
		region_forget(file);
		file = NULL;
	}
	worker_start(&child, child_step);
	worker_call(&child, 0);
}

void subject_step(int n)
{
	change_both();
	if (n != 2)
		worker_call(&child, n);
	expect_at_most(anon->start, region_bytes(anon), CHANGES);
	expect_parent(anon->start, region_bytes(anon), NR_GUARDS / 4);
}

void subject_check(int n)
{
	(void)n;
	worker_call(&child, WORKER_CHECK);
}
