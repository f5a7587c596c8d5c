// SPDX-License-Identifier: GPL-2.0
/*
 * Private file mappings. MADV_DONTNEED of a copied page makes it the file's
 * again; if it were protected, a uffd-wp marker would stay in the page table, which
 * PAGEMAP_SCAN reports as SWAPPED and not WRITTEN: "in the parent", where the
 * old copy is. One mapping is of a descriptor that is read-only.
 */
#include <fcntl.h>
#include <unistd.h>

#include "../subject.h"

#define NR_PAGES 256

static struct region *rw, *ro;
static uint64_t file_tags[NR_PAGES];

static struct region *map_file(const char *name, int flags, int prot)
{
	size_t len = NR_PAGES * page_size;
	struct region *r;
	char *start;
	int fd;

	fd = open("file", flags);
	must(fd >= 0);
	start = mmap(region_place(len), len, prot, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);
	must(start != MAP_FAILED);
	close(fd);
	r = region_add(name, start, NR_PAGES, NR_PAGES);
	r->file = true;
	for (size_t i = 0; i < NR_PAGES; i++)
		r->tags[i] = file_tags[i];
	return r;
}

static void make_file(void)
{
	static char page[65536];
	int fd = open("file", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0);
	for (size_t i = 0; i < NR_PAGES; i++) {
		file_tags[i] = (1000 + i) | TAG_NOT_OURS;
		page_fill(page, file_tags[i]);
		must(write(fd, page, page_size) == (ssize_t)page_size);
	}
	must(close(fd) == 0);
}

void subject_setup(void)
{
	make_file();
	rw = map_file("rw", O_RDWR, PROT_READ | PROT_WRITE);
	ro = map_file("ro", O_RDONLY, PROT_READ | PROT_WRITE);
	pages_write(rw, 0, NR_PAGES / 2);
	pages_write(ro, 0, NR_PAGES / 2);
	pages_read(rw, 0, NR_PAGES);
	must(mprotect(ro->start, region_bytes(ro), PROT_READ) == 0);
}

static void drop(struct region *r, size_t first, size_t nr)
{
	must(madvise(region_page(r, first), nr * page_size, MADV_DONTNEED) == 0);
	for (size_t i = first; i < first + nr; i++)
		r->tags[i] = file_tags[i];
}

static void change(struct region *r, int n)
{
	size_t first = 24 * (n - 1);

	drop(r, first, 20);
	pages_read(r, first, 5);      /* the file's page again */
	pages_write(r, first + 5, 5); /* copied again */
	pages_write_some(r, NR_PAGES / 2, NR_PAGES / 2, 4);
	if (n > 1)
		pages_write(r, first - 24 + 15, 2); /* through a marker of the step before */
}

void subject_step(int n)
{
	change(rw, n);
	must(mprotect(ro->start, region_bytes(ro), PROT_READ | PROT_WRITE) == 0);
	change(ro, n);
	must(mprotect(ro->start, region_bytes(ro), PROT_READ) == 0);
}
