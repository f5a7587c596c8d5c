// SPDX-License-Identifier: GPL-2.0
/*
 * Shared memory of each kind, written in each way that page tables of one task don't show: through another mapping, a
 * descriptor, process_vm_writev(2) and a child that is gone, through a page table entry that a read made, and by
 * punching holes. Dumps store just the pages that changed. One memfd grows and shrinks; one of its pages, and the last
 * page of a segment, is not a whole one, but holds more than the size says. Then there is a memfd that is only open,
 * and a segment that nobody has attached. A second task, which shares all of it, must not make anything be stored twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../subject.h"
#include "../worker.h"

#ifndef NR_PAGES
#define NR_PAGES 512
#endif
#define NR_CHANGES 24
#define HOLES	   (NR_PAGES / 4) /* from there on nothing is written, but now and then */

enum { MEMFD, ANON, SYSV, NR_KINDS };

static struct region *kinds[NR_KINDS], *twins[NR_KINDS], *growing;
static struct worker other;
static int memfd, growing_fd, open_fd, segment, loose;
static uint64_t open_tags[NR_PAGES], loose_tags[NR_PAGES];
static char page[65536] __attribute__((aligned(64)));
static size_t changed; /* pages, in this step */

static struct region *map_kind(const char *name, int fd, int flags)
{
	size_t len = NR_PAGES * page_size;
	char *start = region_place(len);
	struct region *r;

	must(mmap(start, len, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, fd, 0) == start);
	r = region_add(name, start, NR_PAGES, NR_PAGES);
	r->shared = true;
	return r;
}

static struct region *attach(const char *name, int id)
{
	char *start = region_place(NR_PAGES * page_size);
	struct region *r;

	must(shmat(id, start, 0) == start);
	r = region_add(name, start, NR_PAGES, NR_PAGES);
	r->shared = true;
	return r;
}

/* A second mapping of the same pages: its tags are those of the first one. */
static struct region *twin_of(struct region *r, int fd, int id)
{
	size_t len = NR_PAGES * page_size;
	char *start = region_place(len);
	struct region *twin;

	if (id >= 0)
		must(shmat(id, start, 0) == start);
	else if (fd >= 0)
		must(mmap(start, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) == start);
	else /* old_size 0 duplicates, mremap(2) */
		must(mremap(r->start, 0, len, MREMAP_MAYMOVE | MREMAP_FIXED, start) == start);
	twin = region_add("second mapping", start, NR_PAGES, NR_PAGES);
	twin->shared = true;
	return twin;
}

/* Content that is the caller's to store. The page counts as changed once a step. */
static void *new_content(struct region *r, size_t i)
{
	if (!page_is_new(r, i))
		changed++;
	page_fill(page, page_retag(r, i));
	return page;
}

static void write_other_mapping(int kind, size_t i)
{
	memcpy(region_page(twins[kind], i), new_content(kinds[kind], i), page_size);
}

static void write_descriptor(int kind, size_t i)
{
	/* map_files needs more than this task may have */
	int fd = kind == MEMFD ? memfd : open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	off_t at = kind == MEMFD ? i * page_size : (uintptr_t)region_page(kinds[kind], i);

	must(fd >= 0);
	must(pwrite(fd, new_content(kinds[kind], i), page_size, at) == (ssize_t)page_size);
	if (fd != memfd)
		close(fd);
}

static int store_content(void *at)
{
	memcpy(at, page, page_size);
	return 0;
}

static void write_by_child(int kind, size_t i)
{
	new_content(kinds[kind], i);
	in_child(store_content, region_page(kinds[kind], i));
}

static void write_from_outside(int kind, size_t i)
{
	struct iovec from = { .iov_base = new_content(kinds[kind], i), .iov_len = page_size };
	struct iovec to = { .iov_base = region_page(twins[kind], i), .iov_len = page_size };

	must(process_vm_writev(getpid(), &from, 1, &to, 1, 0) == (ssize_t)page_size);
}

/* The write finds a writable page table entry that a read has made. */
static void write_after_read(int kind, size_t i)
{
	must(madvise(kinds[kind]->start, region_bytes(kinds[kind]), MADV_DONTNEED) == 0);
	pages_read(kinds[kind], i, 1);
	memcpy(region_page(kinds[kind], i), new_content(kinds[kind], i), page_size);
}

static void punch(int kind, size_t i)
{
	if (page_is_new(kinds[kind], i))
		changed--;
	must(madvise(region_page(kinds[kind], i), page_size, MADV_REMOVE) == 0);
	pages_set(kinds[kind], i, 1, TAG_ZERO);
}

static void (*const ways[])(int kind, size_t page) = {
	write_other_mapping, write_descriptor, write_by_child, write_from_outside, write_after_read, punch,
};

static size_t pick_page(void)
{
	return rnd_below(8) ? rnd_below(HOLES) : rnd_below(NR_PAGES);
}

static void share_tags(void)
{
	int kind;

	for (kind = 0; kind < NR_KINDS; kind++)
		memcpy(twins[kind]->tags, kinds[kind]->tags, NR_PAGES * sizeof(uint64_t));
}

/* More and less than it was; what was cut off reads as zeros when it grows again. */
static void resize(size_t nr)
{
	size_t i;

	for (i = nr; i < growing->nr_pages; i++)
		if (page_is_new(growing, i))
			changed--;
	must(ftruncate(growing_fd, nr * page_size) == 0);
	pages_set(growing, nr, NR_PAGES - nr, TAG_UNMAPPED);
	for (i = 0; i < nr; i++)
		if (growing->tags[i] == TAG_UNMAPPED)
			growing->tags[i] = TAG_ZERO;
}

static void write_growing(size_t size)
{
	int i;

	resize(1 + rnd_below(NR_PAGES - 1));
	resize(size);
	for (i = 0; i < 4; i++) {
		size_t page_nr = rnd_below(size);

		memcpy(region_page(growing, page_nr), new_content(growing, page_nr), page_size);
	}
}

static void check_against(const void *found, uint64_t tag, const char *what, size_t i)
{
	page_fill(page, tag);
	if (memcmp(found, page, page_size))
		fail("page %zu of the %s is wrong", i, what);
}

static uint64_t tag_of(int n, size_t i)
{
	return ((uint64_t)(n + 1) << 32) | (i + 1);
}

static void write_open(int n)
{
	size_t i = rnd_below(HOLES);

	if (open_tags[i] != tag_of(n, i))
		changed++;
	open_tags[i] = tag_of(n, i);
	page_fill(page, open_tags[i]);
	must(pwrite(open_fd, page, page_size, i * page_size) == (ssize_t)page_size);
}

static void write_loose(int n)
{
	char *at = shmat(loose, NULL, 0);
	size_t i = rnd_below(HOLES);

	must(at != (void *)-1);
	if (loose_tags[i] != tag_of(n, i))
		changed++;
	loose_tags[i] = tag_of(n, i);
	page_fill(at + i * page_size, loose_tags[i]);
	must(shmdt(at) == 0);
}

static void make_kinds(void)
{
	memfd = memfd_create("kind", MFD_CLOEXEC);
	growing_fd = memfd_create("grows", MFD_CLOEXEC);
	open_fd = memfd_create("not mapped", MFD_CLOEXEC);
	/* Not a whole number of pages */
	segment = shmget(IPC_PRIVATE, NR_PAGES * page_size - 100, IPC_CREAT | 0600);
	loose = shmget(IPC_PRIVATE, NR_PAGES * page_size, IPC_CREAT | 0600);
	must(memfd >= 0 && growing_fd >= 0 && open_fd >= 0 && segment >= 0 && loose >= 0);
	must(ftruncate(memfd, NR_PAGES * page_size - 100) == 0);
	must(ftruncate(open_fd, NR_PAGES * page_size) == 0);

	kinds[MEMFD] = map_kind("memfd", memfd, MAP_SHARED);
	kinds[ANON] = map_kind("shared anonymous", -1, MAP_SHARED | MAP_ANONYMOUS);
	kinds[SYSV] = attach("segment", segment);
	twins[MEMFD] = twin_of(kinds[MEMFD], memfd, -1);
	twins[ANON] = twin_of(kinds[ANON], -1, -1);
	twins[SYSV] = twin_of(kinds[SYSV], -1, segment);
	growing = map_kind("grows", growing_fd, MAP_SHARED);
}

/* What a page has behind the end of its object is stored only while nobody can change the object. */
static size_t unchanged_tails(void)
{
	return !page_is_new(kinds[MEMFD], NR_PAGES - 1) + !page_is_new(kinds[SYSV], NR_PAGES - 1);
}

static void only_exist(int order)
{
	(void)order;
}

void subject_setup(void)
{
	size_t i;
	int kind;

	if (unshare(CLONE_NEWIPC)) {
		must(errno == EPERM);
		skip("an IPC namespace needs root");
	}
	make_kinds();
	changed = 0;
	for (kind = 0; kind < NR_KINDS; kind++) {
		for (i = 0; i < HOLES; i++)
			write_other_mapping(kind, i);
		write_other_mapping(kind, NR_PAGES - 1);
	}
	share_tags();
	resize(NR_PAGES / 2);
	write_growing(NR_PAGES / 2);
	write_open(0);
	write_loose(0);
	expect_shared(changed, unchanged_tails());
	worker_start(&other, only_exist);
}

void subject_step(int n)
{
	int i;

	changed = 0;
	for (i = 0; i < NR_CHANGES; i++)
		ways[i % (sizeof(ways) / sizeof(ways[0]))](rnd_below(NR_KINDS), pick_page());
	write_other_mapping(rnd_below(NR_KINDS), NR_PAGES - 1);
	share_tags();
	write_growing(1 + rnd_below(NR_PAGES - 1));
	write_open(n);
	write_loose(n);
	expect_shared(changed, unchanged_tails());
}

void subject_check(int n)
{
	char *at = shmat(loose, NULL, SHM_RDONLY);
	static char found[65536];
	size_t i;

	(void)n;
	must(at != (void *)-1);
	for (i = 0; i < NR_PAGES; i++) {
		check_against(at + i * page_size, loose_tags[i], "loose segment", i);
		must(pread(open_fd, found, page_size, i * page_size) == (ssize_t)page_size);
		check_against(found, open_tags[i], "memfd that is not mapped", i);
	}
	must(shmdt(at) == 0);
	must(lseek(memfd, 0, SEEK_END) == (off_t)(NR_PAGES * page_size - 100));
}
