// SPDX-License-Identifier: GPL-2.0
/*
 * Shared memory next to private memory. uffd-wp state is per mapping, so it says
 * nothing about a write through another mapping, through a descriptor or by
 * another task: shared memory is dumped in full, and private copies of a memfd
 * are tracked like any private memory.
 */
#include <fcntl.h>
#include <unistd.h>

#include "../subject.h"
#include "../worker.h"

#define NR_PAGES 128

static struct region *anon, *memfd, *file, *copy, *private;
static struct worker writer;
static int mem;
static char page[65536];

static struct region *map_shared(const char *name, int fd, int flags)
{
	size_t len = NR_PAGES * page_size;
	struct region *r;
	char *start = region_place(len);

	must(mmap(start, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, fd, 0) == start);
	r = region_add(name, start, NR_PAGES, NR_PAGES);
	r->shared = flags & MAP_SHARED;
	r->file = !r->shared;
	return r;
}

/* Of every 8 shared pages the worker writes and checks the first 4, we the others. */
static bool is_workers(size_t i)
{
	return i < NR_PAGES / 2 && i % 8 < 4;
}

static void leave_to(bool worker)
{
	size_t i;

	for (i = 0; i < NR_PAGES; i++)
		if (is_workers(i) == worker)
			anon->tags[i] = file->tags[i] = TAG_UNMAPPED;
}

static void write_by_worker(int n)
{
	size_t i;

	if (n == 0) {
		leave_to(false);
		/* Shows what we write through the descriptor. */
		pages_set(memfd, 0, NR_PAGES, TAG_UNMAPPED);
		pages_set(copy, NR_PAGES / 2, NR_PAGES / 2, TAG_UNMAPPED);
		return;
	}
	for (i = 0; i < 4; i++) {
		page_write(anon, 8 * (n % 8) + i);
		page_write(file, 8 * (n % 8) + i);
	}
	pages_write_some(private, 0, NR_PAGES, 4);
	if (n > 1)
		expect_region(private, 4);
}

static void write_by_descriptor(size_t i)
{
	page_fill(page, page_retag(memfd, i));
	must(pwrite(mem, page, page_size, i * page_size) == (ssize_t)page_size);
	/* Pages not copied show through. */
	if (copy->tags[i] & TAG_NOT_OURS)
		copy->tags[i] = memfd->tags[i] | TAG_NOT_OURS;
}

static void map_everything(int fd)
{
	size_t i;

	anon = map_shared("shared anonymous", -1, MAP_SHARED | MAP_ANONYMOUS);
	memfd = map_shared("memfd", mem, MAP_SHARED);
	file = map_shared("shared file", fd, MAP_SHARED);
	copy = map_shared("private memfd", mem, MAP_PRIVATE);
	private = region_map("private", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(anon, 0, NR_PAGES);
	pages_write(memfd, 0, NR_PAGES);
	pages_write(file, 0, NR_PAGES);
	pages_write(private, 0, NR_PAGES);
	for (i = 0; i < NR_PAGES; i++)
		copy->tags[i] = memfd->tags[i] | TAG_NOT_OURS;
	pages_write(copy, 0, NR_PAGES / 2);
}

void subject_setup(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);

	mem = memfd_create("memfd", MFD_CLOEXEC);
	must(fd >= 0 && mem >= 0);
	must(ftruncate(fd, NR_PAGES * page_size) == 0 && ftruncate(mem, NR_PAGES * page_size) == 0);
	map_everything(fd);
	close(fd);
	worker_start(&writer, write_by_worker);
	worker_call(&writer, 0);
	leave_to(true);
}

void subject_step(int n)
{
	size_t i;

	worker_call(&writer, n);
	for (i = 0; i < 4; i++) {
		page_write(anon, 8 * (n % 8) + 4 + i);
		page_write(file, 8 * (n % 8) + 4 + i);
		page_write(memfd, 8 * (n % 8) + i);
		write_by_descriptor(8 * (n % 8) + 4 + i);
		write_by_descriptor(NR_PAGES - 1 - 4 * n - i);
	}
	pages_write_some(copy, NR_PAGES / 4, NR_PAGES / 4, 4);
	pages_write_some(private, 0, NR_PAGES, 4);
	expect_region(private, 4);
}

void subject_check(int n)
{
	(void)n;
	worker_call(&writer, WORKER_CHECK);
}
