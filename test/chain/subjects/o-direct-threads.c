// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that read from a file past the page cache, into memory that is tracked,
 * while they are pre-dumped. Pages that are pinned when the scan comes to them are
 * written by a device after that, past their protection: they have to come again
 * in the next iteration. So that nothing else makes them come again, a thread that
 * finds its last page protected rests, for the whole next step.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../pagemap.h"
#include "../subject.h"

#define NR_THREADS 8
#define CHUNK	   64 /* pages of one read; few, so that CRIU reads them while the device still writes */
#define NR_CHUNKS  1
#define NR_PAGES   (NR_CHUNKS * CHUNK)
#define NR_IN_FILE 3 /* not a divisor of NR_CHUNKS: a page gets other content each time */

struct reader {
	pthread_t thread;
	struct region *area; /* NR_PAGES, and the one that is looked at */
	/* Chunks read so far: chunk i % NR_CHUNKS got that of the file with the number i % NR_IN_FILE. */
	volatile uint64_t done;
};

static struct reader readers[NR_THREADS];
static volatile int paused;
static volatile int nr_paused;
static int direct;

static void rest_while_paused(void)
{
	if (!paused)
		return;
	__atomic_add_fetch(&nr_paused, 1, __ATOMIC_SEQ_CST);
	while (paused)
		usleep(500);
	__atomic_sub_fetch(&nr_paused, 1, __ATOMIC_SEQ_CST);
}

static char *last_page(const struct reader *r)
{
	return region_page(r->area, NR_PAGES);
}

static int is_unwritten(void *arg, const struct page_region *region)
{
	(void)arg;
	return !(region->categories & PAGE_IS_WRITTEN);
}

static bool was_scanned(const struct reader *r)
{
	uint64_t page = (uintptr_t)last_page(r);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int ret;

	must(fd >= 0);
	ret = pagemap_scan(fd, page, page + page_size, PAGE_IS_PRESENT, 0, is_unwritten, NULL);
	must(close(fd) == 0);
	return ret == 1;
}

static void *reader_main(void *arg)
{
	const size_t len = CHUNK * page_size;
	struct reader *r = arg;

	mark_rseq_volatile();
	for (;;) {
		char *to = region_page(r->area, r->done % NR_CHUNKS * CHUNK);

		must(pread(direct, to, len, r->done % NR_IN_FILE * len) == (ssize_t)len);
		r->done++;
		do
			rest_while_paused();
		while (was_scanned(r) && !usleep(2000));
	}
	return NULL;
}

static void make_file(void)
{
	static char page[65536];
	size_t i;

	direct = open("file", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
	if (direct < 0 && errno == EINVAL)
		skip("no O_DIRECT on this file system");
	must(direct >= 0);
	must(fcntl(direct, F_SETFL, 0) == 0);
	for (i = 0; i < NR_IN_FILE * CHUNK; i++) {
		page_fill(page, i + 1);
		must(pwrite(direct, page, page_size, i * page_size) == (ssize_t)page_size);
	}
	must(fsync(direct) == 0);
	must(fcntl(direct, F_SETFL, O_DIRECT) == 0);
}

void subject_setup(void)
{
	int i;

	make_file();
	for (i = 0; i < NR_THREADS; i++) {
		struct reader *r = &readers[i];

		r->area = region_map("reader", NR_PAGES + 1, PROT_READ | PROT_WRITE, 0);
		/* The content changes by itself: checked below, not by the model. */
		pages_set(r->area, 0, NR_PAGES + 1, TAG_UNMAPPED);
		must(pthread_create(&r->thread, NULL, reader_main, r) == 0);
	}
}

void subject_step(int n)
{
	int i;

	/* By turns: who was scanned in the last step rests in this one. */
	for (i = n % 2; i < NR_THREADS; i += 2)
		*(volatile int *)last_page(&readers[i]) = n;
	usleep(20000);
}

static void check_reader(const struct reader *r)
{
	static char expected[65536];
	uint64_t i, first = r->done > NR_CHUNKS ? r->done - NR_CHUNKS : 0;

	if (!r->done)
		fail("reader %td never ran", r - readers);
	for (i = first * CHUNK; i < r->done * CHUNK; i++) {
		const char *page = region_page(r->area, i % NR_PAGES);

		page_fill(expected, i % (NR_IN_FILE * CHUNK) + 1);
		if (memcmp(page, expected, page_size))
			fail("reader %td: page %p must hold block %llu, holds %#llx", r - readers, page,
			     (unsigned long long)(i % (NR_IN_FILE * CHUNK)), *(unsigned long long *)page);
	}
}

void subject_check(int n)
{
	int i;

	(void)n;
	paused = 1;
	while (nr_paused < NR_THREADS)
		usleep(500);
	for (i = 0; i < NR_THREADS; i++)
		check_reader(&readers[i]);
	paused = 0;
}
