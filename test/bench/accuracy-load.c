// SPDX-License-Identifier: GPL-2.0
/*
 * What test/bench/accuracy stops at random moments: a program that never rests
 * for long and whose memory changes in one of these ways.
 *
 * usage: accuracy-load malloc|vmas SEED READYFILE
 *
 *	malloc	blocks of 16 bytes to 256 KiB come and go: the heap grows, shrinks and fragments, large
 *		blocks are mappings of their own
 *	vmas	pieces of a mapping are protected, dropped, unmapped, mapped again and moved, so that
 *		mappings split and merge all the time, and pages that can be written are
 *
 * READYFILE is made when the first filling is done. No descriptor stays open.
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const struct timespec pause_between = { .tv_nsec = 10 * 1000 * 1000 };

static uint64_t random_state;

/* xorshift64: Marsaglia, "Xorshift RNGs", 2003. */
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t random_below(uint64_t n)
{
	return next_random() % n;
}

/* --- malloc --- */

#define NR_BLOCKS      1024
#define MIN_BLOCK_BITS 4
#define MAX_BLOCK_BITS 18
#define MALLOC_OPS     3 /* between two pauses */

static char *blocks[NR_BLOCKS];

/* As many between 16 and 32 bytes as between 128 and 256 KiB. */
static size_t random_size(void)
{
	size_t size = 1UL << (MIN_BLOCK_BITS + random_below(MAX_BLOCK_BITS - MIN_BLOCK_BITS));

	return size + random_below(size);
}

static void replace_block(size_t i)
{
	size_t size = random_size(), k;

	if (random_below(4) == 0) {
		blocks[i] = realloc(blocks[i], size);
	} else {
		free(blocks[i]);
		blocks[i] = malloc(size);
	}
	if (!blocks[i])
		error(1, errno, "malloc");
	for (k = 0; k < size; k += 64)
		blocks[i][k] = next_random();
}

static void malloc_setup(void)
{
	size_t i;

	/* Without this the limit grows with the first large block that is freed, and all is one heap. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	for (i = 0; i < NR_BLOCKS; i++)
		replace_block(i);
}

static void malloc_churn(void)
{
	int i;

	for (i = 0; i < MALLOC_OPS; i++)
		replace_block(random_below(NR_BLOCKS));
	if (random_below(50) == 0)
		malloc_trim(0);
}

/* --- vmas --- */

#define NR_PAGES 8192
#define MAX_RUN	 64 /* pages that one operation is about */
#define VMA_OPS	 3  /* between two pauses */

static char *area;
static size_t page_size;
static int prot[NR_PAGES]; /* -1: not mapped */

static char *page(size_t i)
{
	return area + i * page_size;
}

static void set_prot(size_t first, size_t nr, int value)
{
	size_t i;

	for (i = first; i < first + nr; i++)
		prot[i] = value;
}

static void write_pages(size_t first, size_t nr)
{
	size_t i;

	for (i = first; i < first + nr; i++)
		if (prot[i] >= 0 && (prot[i] & PROT_WRITE))
			*(uint64_t *)(page(i) + random_below(page_size / 8) * 8) = next_random();
}

static void map(size_t first, size_t nr)
{
	if (mmap(page(first), nr * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	    MAP_FAILED)
		error(1, errno, "mmap");
	set_prot(first, nr, PROT_READ | PROT_WRITE);
	write_pages(first, nr);
}

static void unmap(size_t first, size_t nr)
{
	if (munmap(page(first), nr * page_size))
		error(1, errno, "munmap");
	set_prot(first, nr, -1);
}

/* Also merges what had different rights before. */
static void protect(size_t first, size_t nr)
{
	static const int choice[] = { PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE };
	int wanted = choice[random_below(4)];
	size_t i;

	for (i = first; i < first + nr; i++) {
		if (prot[i] < 0)
			continue;
		if (mprotect(page(i), page_size, wanted))
			error(1, errno, "mprotect");
		prot[i] = wanted;
	}
}

static void drop(size_t first, size_t nr)
{
	/* ENOMEM: it met a hole, and has done the rest. */
	if (madvise(page(first), nr * page_size, MADV_DONTNEED) && errno != ENOMEM)
		error(1, errno, "MADV_DONTNEED");
}

/* Page by page: over several mappings mremap() fails half way. */
static void move(size_t from, size_t to, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (prot[from + i] < 0 || from + i == to + i)
			continue;
		if (mremap(page(from + i), page_size, page_size, MREMAP_MAYMOVE | MREMAP_FIXED, page(to + i)) ==
		    MAP_FAILED)
			error(1, errno, "mremap");
		prot[to + i] = prot[from + i];
		prot[from + i] = -1;
	}
}

static void vmas_setup(void)
{
	page_size = sysconf(_SC_PAGESIZE);
	area = mmap(NULL, NR_PAGES * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		error(1, errno, "mmap");
	map(0, NR_PAGES);
}

static void vmas_operation(void)
{
	size_t nr = 1 + random_below(MAX_RUN), first = random_below(NR_PAGES - nr);

	switch (random_below(10)) {
	case 0:
	case 1:
		map(first, nr);
		break;
	case 2:
		unmap(first, nr);
		break;
	case 3:
	case 4:
		protect(first, nr);
		break;
	case 5:
		drop(first, nr);
		break;
	case 6:
		move(first, random_below(NR_PAGES - nr), nr / 8 + 1);
		break;
	default:
		write_pages(first, nr);
	}
}

static void vmas_churn(void)
{
	int i;

	for (i = 0; i < VMA_OPS; i++)
		vmas_operation();
}

int main(int argc, char **argv)
{
	void (*churn)(void);
	int fd;

	if (argc != 4)
		error(2, 0, "usage: accuracy-load malloc|vmas SEED READYFILE");
	random_state = strtoull(argv[2], NULL, 0) * 2 + 1;
	if (!strcmp(argv[1], "malloc")) {
		malloc_setup();
		churn = malloc_churn;
	} else if (!strcmp(argv[1], "vmas")) {
		vmas_setup();
		churn = vmas_churn;
	} else {
		error(2, 0, "%s?", argv[1]);
	}
	fd = open(argv[3], O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || close(fd))
		error(1, errno, "%s", argv[3]);
	for (;;) {
		churn();
		nanosleep(&pause_between, NULL);
	}
}
