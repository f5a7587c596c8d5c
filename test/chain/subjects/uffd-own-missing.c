// SPDX-License-Identifier: GPL-2.0
/*
 * The target has a range in missing mode with an ordinary userfaultfd. Reading
 * one of its holes would wait for a handler for ever, and registering it is
 * EBUSY. Both kinds of page next to each other: populated and missing.
 */
#include <unistd.h>

#include "../subject.h"
#include "../uffd.h"
#include "../worker.h"

#define NR_PAGES 64

static struct region *area;

static void copy_in(int uffd, size_t page)
{
	static char content[65536] __attribute__((aligned(65536)));
	struct uffdio_copy copy = {
		.dst = (uintptr_t)region_page(area, page),
		.src = (uintptr_t)content,
		.len = page_size,
	};

	page_fill(content, page_retag(area, page));
	must(ioctl(uffd, UFFDIO_COPY, &copy) == 0);
}

void subject_setup(void)
{
	int uffd = own_uffd(0);
	size_t i;

	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	own_register(uffd, area, UFFDIO_REGISTER_MODE_MISSING);
	for (i = 0; i < NR_PAGES; i += 2)
		copy_in(uffd, i);
	keep_open_outside(uffd);
	close(uffd);
}

void subject_step(int n)
{
	size_t i;

	for (i = 0; i < 4; i++)
		page_write(area, 2 * (4 * n + i) % NR_PAGES);
	expect_full(area->start, region_bytes(area));
	for (i = 0; i < NR_PAGES; i += 2)
		expect_written(region_page(area, i), page_size);
	/* Nobody else waits for the handler after a restore. */
	if (restored)
		page_write(area, 1);
}
