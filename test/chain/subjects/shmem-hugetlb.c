// SPDX-License-Identifier: GPL-2.0
/*
 * Shared huge pages: a memfd and MAP_SHARED | MAP_ANONYMOUS, written through mapping, second mapping and child, and
 * punched. Dumps store the small pages of them that changed, and what is a hole is one after the restore: dumps and
 * restores take no pages from the pool for it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../subject.h"
#include "../worker.h"

#define NR_HUGE 8
#define NR_USED 5 /* the others stay holes */

enum { MEMFD, ANON, NR_KINDS };

static struct region *kinds[NR_KINDS];
static char *twins[NR_KINDS];
static size_t huge_pages; /* small pages in a huge one */
static int fd;
static char page[65536] __attribute__((aligned(64)));
static size_t changed;

static void *new_content(struct region *r, size_t i)
{
	if (!page_is_new(r, i))
		changed++;
	page_fill(page, page_retag(r, i));
	return page;
}

static int store_content(void *at)
{
	memcpy(at, page, page_size);
	return 0;
}

static void write_way(int way, int kind, size_t i)
{
	struct region *r = kinds[kind];

	new_content(r, i);
	if (way == 0)
		memcpy(region_page(r, i), page, page_size);
	else if (way == 1)
		memcpy(twins[kind] + i * page_size, page, page_size);
	else
		in_child(store_content, region_page(r, i));
}

static void punch(int kind, size_t huge)
{
	struct region *r = kinds[kind];
	size_t i;

	for (i = huge * huge_pages; i < (huge + 1) * huge_pages; i++)
		changed -= page_is_new(r, i);
	must(madvise(region_page(r, huge * huge_pages), huge_pages * page_size, MADV_REMOVE) == 0);
	pages_set(r, huge * huge_pages, huge_pages, TAG_ZERO);
}

static struct region *map_kind(const char *name, int file, int flags)
{
	size_t len = NR_HUGE * huge_pages * page_size;
	char *start = region_place(len);
	struct region *r;

	must(mmap(start, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE | flags, file, 0) == start);
	/* What checks memory makes pages of the holes that it looks at. */
	r = region_add(name, start, NR_USED * huge_pages, NR_USED * huge_pages);
	r->shared = true;
	return r;
}

static char *map_twin(int file)
{
	size_t len = NR_HUGE * huge_pages * page_size;
	char *start = region_place(len);

	must(mmap(start, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0) == start);
	return start;
}

static void make_kinds(void)
{
	char path[96];
	int file;

	fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);
	must(fd >= 0);
	must(ftruncate(fd, NR_HUGE * huge_pages * page_size) == 0);
	kinds[MEMFD] = map_kind("memfd", fd, 0);
	twins[MEMFD] = map_twin(fd);
	kinds[ANON] = map_kind("shared anonymous", -1, MAP_ANONYMOUS | MAP_HUGETLB);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)kinds[ANON]->start,
		 (unsigned long)kinds[ANON]->start + NR_HUGE * huge_pages * page_size);
	file = open(path, O_RDWR | O_CLOEXEC);
	must(file >= 0);
	twins[ANON] = map_twin(file);
	close(file);
}

void subject_setup(void)
{
	size_t i;
	int kind;

	huge_pages = need_huge_pages(2 * NR_KINDS * NR_HUGE) / page_size;
	make_kinds();
	changed = 0;
	for (kind = 0; kind < NR_KINDS; kind++)
		for (i = 0; i < NR_USED * huge_pages; i += 1 + rnd_below(64))
			write_way(0, kind, i);
	expect_shared(changed, 0);
}

void subject_step(int n)
{
	int i;

	changed = 0;
	punch(n % NR_KINDS, n % NR_USED);
	for (i = 0; i < 24; i++)
		write_way(i % 3, rnd_below(NR_KINDS), rnd_below(NR_USED * huge_pages));
	expect_shared(changed, 0);
}

void subject_check(int n)
{
	struct stat st;

	(void)n;
	must(fstat(fd, &st) == 0);
	if (st.st_blocks * 512 > (off_t)(NR_USED * huge_pages * page_size))
		fail("the memfd has %ld bytes, %d huge pages of it were used", (long)st.st_blocks * 512, NR_USED);
}
