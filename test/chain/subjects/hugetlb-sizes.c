// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of huge pages of each size that the kernel has, without a page in them, of which mprotect() made two: both
 * parts have pages of that size after the restore. No pages have to be configured.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../subject.h"

const char subject_traits[] = "predumps=1 memsnap=no";

#define POOLS	   "/sys/kernel/mm/hugepages"
#define MAX_SIZES  8
#define SIZE_SHIFT 26 /* MAP_HUGE_SHIFT */

static struct {
	char *start;
	size_t size;
} parts[2 * MAX_SIZES];
static size_t nr_parts;

static void add_part(char *start, size_t size)
{
	must(nr_parts < 2 * MAX_SIZES);
	parts[nr_parts].start = start;
	parts[nr_parts++].size = size;
}

static void map_size(size_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
	char *start = region_place(2 * size);

	must(mmap(start, 2 * size, PROT_READ | PROT_WRITE, flags | __builtin_ctzl(size) << SIZE_SHIFT, -1, 0) == start);
	must(mprotect(start + size, size, PROT_READ) == 0);
	add_part(start, size);
	add_part(start + size, size);
}

void subject_setup(void)
{
	struct dirent *entry;
	unsigned long kb;
	DIR *dir = opendir(POOLS);

	if (!dir)
		skip("the kernel has no huge pages");
	while ((entry = readdir(dir)))
		if (sscanf(entry->d_name, "hugepages-%lukB", &kb) == 1)
			map_size(kb << 10);
	closedir(dir);
}

void subject_step(int n)
{
	(void)n;
}

void subject_check(int n)
{
	size_t i;

	(void)n;
	for (i = 0; i < nr_parts; i++)
		if (smaps_kb(parts[i].start, "KernelPageSize") != (long)(parts[i].size >> 10))
			fail("the pages at %p have %ld kB, not %zu", parts[i].start,
			     smaps_kb(parts[i].start, "KernelPageSize"), parts[i].size >> 10);
}
