// SPDX-License-Identifier: GPL-2.0
/*
 * The task that the scripts here dump: 64 MiB of pages, one in a hundred of
 * them rewritten in each step. If the directory has a file "exec", the next step
 * replaces the program by itself, with other content at the same addresses. With
 * "away" the next step only moves half of the pages elsewhere, with "back" it
 * moves them back first: then they are one mapping again, that nobody tracks, and
 * the kernel leaves the write protection in its page tables.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "subject.h"

#define AREA_BYTES (64UL << 20)
#define ELSEWHERE ((char *)0x200000000000)

static struct region *area;

static void make_area(void)
{
	area = region_map("area", AREA_BYTES / page_size, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, area->nr_pages);
}

void subject_setup(void)
{
	make_area();
}

void subject_resume(int n)
{
	(void)n;
	make_area();
}

static void move(char *from, char *to)
{
	must(mremap(from, AREA_BYTES / 2, AREA_BYTES / 2, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
}

void subject_step(int n)
{
	char *half = area->start + AREA_BYTES / 2;

	(void)n;
	if (!unlink("exec"))
		subject_exec();
	if (!unlink("away")) {
		move(half, ELSEWHERE);
		return;
	}
	if (!unlink("back"))
		move(ELSEWHERE, half);
	pages_write_some(area, 0, area->nr_pages, area->nr_pages / 100);
}
