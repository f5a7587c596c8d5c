// SPDX-License-Identifier: GPL-2.0
/*
 * mappings DIRECTORY KIND: few pages in much address space. Kinds:
 *   terabytes NR [SIZE [CHILDREN]]
 *                  NR mappings of SIZE (1) TiB, MAP_NORESERVE, that CHILDREN (0) share
 *   islands        16 TiB PROT_NONE with islands that can be used
 *   vmas           60,001 mappings of one page
 *   file PATH      100 GB of a file, private and read-only
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "protocol.h"

#define TIB	    (1UL << 40)
#define GB	    1000000000UL
#define NR_PAGES    8192 /* that have content, and are checked */
#define NR_VMAS	    60001
#define NR_ISLANDS  4096
#define FILE_SIZE   (100 * GB / page_size * page_size)
#define CHANGE_EACH 8
/* Each process changes its own pages. What the parent changed its children have shared with each other only. */
#define CHANGE_EACH_IF_CHILDREN 64

static struct page {
	uint64_t *words;
	uint64_t tag;
	int read_only;
} pages[NR_VMAS];
static char *end_of_first; /* of the terabytes, an unused page */
static int nr_pages, nr_children, change_each = CHANGE_EACH, self;
static unsigned long page_size; /* bytes */

static void fill(struct page *page, uint64_t tag)
{
	unsigned int i;

	page->tag = tag << 16;
	for (i = 0; i < page_size / sizeof(uint64_t); i++)
		page->words[i] = page->tag + i;
}

static int is_intact(const struct page *page)
{
	unsigned int i;

	for (i = 0; i < page_size / sizeof(uint64_t); i++)
		if (page->words[i] != page->tag + i)
			return 0;
	return 1;
}

static const char *step(int n)
{
	static char problem[128];
	int i;

	for (i = 0; i < nr_pages; i++) {
		if (!is_intact(&pages[i])) {
			snprintf(problem, sizeof(problem), "step %d: page %d at %p", n, i, (void *)pages[i].words);
			return problem;
		}
	}
	for (i = nr_children ? self : n % CHANGE_EACH; i < nr_pages; i += change_each) {
		if (pages[i].read_only)
			continue;
		/* Some are dropped and come back. */
		if (i % 3 == n % 3 && madvise(pages[i].words, page_size, MADV_DONTNEED))
			return "madvise";
		fill(&pages[i], n * NR_VMAS + i + 1);
	}
	return NULL;
}

static void *map(void *at, size_t size, int prot, int flags, int fd)
{
	void *p = mmap(at, size, prot, flags, fd, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static void add_page(char *at)
{
	pages[nr_pages].words = (uint64_t *)at;
	fill(&pages[nr_pages], nr_pages + 1);
	nr_pages++;
}

/* A page between two of them, so that they stay apart. */
static void terabytes(int nr, size_t size)
{
	size_t stride = size + page_size, each = NR_PAGES / nr, i;
	char *area = map(NULL, nr * stride, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	int m;

	munmap(area, nr * stride);
	end_of_first = area + size;
	for (m = 0; m < nr; m++) {
		char *p = map(area + m * stride, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1);

		madvise(p, size, MADV_NOHUGEPAGE);
		for (i = 0; i < each; i++)
			add_page(p + (size - page_size) / (each - 1) / page_size * page_size * i);
	}
}

/* They have a mapping that the parent has not: it must not matter for what they share. */
static void fork_children(int nr)
{
	int i;

	if (!nr)
		return;
	nr_children = nr;
	change_each = CHANGE_EACH_IF_CHILDREN;
	for (i = 0; i < nr && !self; i++)
		if (!fork())
			self = i + 1;
	if (self)
		map(end_of_first, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1);
}

static void islands(void)
{
	size_t size = 16 * TIB, stride = size / NR_ISLANDS, each = NR_PAGES / NR_ISLANDS, i, page;
	char *area = map(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);

	for (i = 0; i < NR_ISLANDS; i++) {
		if (mprotect(area + i * stride, each * page_size, PROT_READ | PROT_WRITE))
			exit(1);
		for (page = 0; page < each; page++)
			add_page(area + i * stride + page * page_size);
	}
}

/* Every other one is read-only; so are the ends, which might merge with their neighbours. */
static void vmas(void)
{
	char *area = map(NULL, NR_VMAS * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int i;

	for (i = 0; i < NR_VMAS; i++) {
		add_page(area + i * page_size);
		pages[i].read_only = i % 2 == 0;
		if (pages[i].read_only && mprotect(area + i * page_size, page_size, PROT_READ))
			exit(1);
	}
}

static void file(const char *path)
{
	int i, fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	size_t stride = FILE_SIZE / NR_PAGES / page_size * page_size;
	char *shared, *area;

	if (fd < 0 || ftruncate(fd, FILE_SIZE))
		exit(1);
	shared = map(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	area = map(NULL, FILE_SIZE, PROT_READ, MAP_PRIVATE, fd);
	for (i = 0; i < NR_PAGES; i++) {
		add_page(shared + i * stride);
		pages[i].words = (uint64_t *)(area + i * stride);
		pages[i].read_only = 1;
	}
	munmap(shared, FILE_SIZE);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 2 ? argv[2] : "";

	page_size = sysconf(_SC_PAGESIZE);
	if (!strcmp(kind, "terabytes") && argc > 3) {
		terabytes(atoi(argv[3]), (argc > 4 ? atoi(argv[4]) : 1) * TIB);
		fork_children(argc > 5 ? atoi(argv[5]) : 0);
	} else if (!strcmp(kind, "islands")) {
		islands();
	} else if (!strcmp(kind, "vmas")) {
		vmas();
	} else if (!strcmp(kind, "file") && argc > 3) {
		file(argv[3]);
	} else {
		return 1;
	}
	follow(argv[1], step);
}
