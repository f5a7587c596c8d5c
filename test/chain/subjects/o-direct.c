// SPDX-License-Identifier: GPL-2.0
/*
 * O_DIRECT reads into tracked pages, finished before the dump: the device writes
 * through pinned pages and not through the page table, yet the pages have to
 * count as written. The descriptor stays open.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../subject.h"

#define NR_PAGES 64

static struct region *area;
static int direct;
static char page[65536];

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	direct = open("file", O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
	if (direct < 0 && errno == EINVAL)
		skip("no O_DIRECT on this file system");
	must(direct >= 0);
}

/* Written through the page cache, read past it. */
static void read_direct(size_t i)
{
	int fd = open("file", O_WRONLY);

	page_fill(page, page_retag(area, i));
	must(fd >= 0);
	must(pwrite(fd, page, page_size, 0) == (ssize_t)page_size);
	must(fsync(fd) == 0 && close(fd) == 0);
	must(pread(direct, region_page(area, i), page_size, 0) == (ssize_t)page_size);
}

void subject_step(int n)
{
	size_t i;

	for (i = 0; i < 4; i++)
		read_direct((8 * n + i) % NR_PAGES);
	pages_write_some(area, 0, NR_PAGES, 2);
	expect_region(area, 6);
}
