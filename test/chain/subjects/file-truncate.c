// SPDX-License-Identifier: GPL-2.0
/*
 * A private file mapping whose file is truncated and extended, written and
 * punched: truncation throws away private copies too (and would leave a uffd-wp
 * marker where they were protected), a write or a hole only changes the pages
 * that were not copied.
 */
#include <fcntl.h>
#include <unistd.h>

#include "../subject.h"

#define NR_PAGES 256

static struct region *area;
static char page[65536];

static uint64_t write_file_page(int fd, size_t i)
{
	static uint64_t counter = 1000;
	uint64_t tag = ++counter | TAG_NOT_OURS;

	page_fill(page, tag);
	must(pwrite(fd, page, page_size, i * page_size) == (ssize_t)page_size);
	return tag;
}

static int open_file(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);

	must(fd >= 0);
	return fd;
}

static bool copied(size_t i)
{
	return area->tags[i] != TAG_ZERO && !(area->tags[i] & TAG_NOT_OURS);
}

void subject_setup(void)
{
	size_t len = NR_PAGES * page_size;
	int fd = open_file();
	char *start;

	start = region_place(len);
	must(mmap(start, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0) == start);
	area = region_add("area", start, NR_PAGES, NR_PAGES);
	area->file = true;
	for (size_t i = 0; i < NR_PAGES; i++)
		area->tags[i] = write_file_page(fd, i);
	must(close(fd) == 0);
	for (size_t i = 0; i < NR_PAGES; i += 2)
		page_write(area, i);
}

static void truncate_and_extend(int fd, size_t nr_pages)
{
	must(ftruncate(fd, nr_pages * page_size) == 0);
	must(ftruncate(fd, NR_PAGES * page_size) == 0);
	pages_set(area, nr_pages, NR_PAGES - nr_pages, TAG_ZERO);
}

static void rewrite(int fd, size_t first, size_t nr)
{
	for (size_t i = first; i < first + nr; i++) {
		uint64_t tag = write_file_page(fd, i);

		if (!copied(i))
			area->tags[i] = tag;
	}
}

static void punch(int fd, size_t first, size_t nr)
{
	must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, first * page_size, nr * page_size) == 0);
	for (size_t i = first; i < first + nr; i++)
		if (!copied(i))
			area->tags[i] = TAG_ZERO;
}

void subject_step(int n)
{
	int fd = open_file();

	if (n == 1)
		truncate_and_extend(fd, NR_PAGES - 64);
	rewrite(fd, 16 * n, 8);
	punch(fd, 16 * n + 8, 8);
	if (n == 2)
		truncate_and_extend(fd, NR_PAGES - 128);
	/* Behind the truncation: copies of the new, empty pages; and others elsewhere. */
	pages_write_some(area, NR_PAGES - 64, 64, 6);
	pages_write_some(area, 0, 64, 3);
	if (n == 3)
		rewrite(fd, NR_PAGES - 64, 64);
	must(close(fd) == 0);
}
