/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZDTM_SPARSE_PAGES_H
#define ZDTM_SPARSE_PAGES_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "zdtmtst.h"

#define TIB	   (1UL << 40)
#define NO_CONTENT 0

/* A page with content has a tag; without, it reads as zeros. */
static inline uint64_t page_word(uint64_t tag, unsigned int i)
{
	return tag == NO_CONTENT ? 0 : (tag << 16) + i;
}

static inline void page_fill(void *page, uint64_t tag)
{
	unsigned int i, nr = PAGE_SIZE / sizeof(uint64_t);
	uint64_t *words = page;

	for (i = 0; i < nr; i++)
		words[i] = page_word(tag, i);
}

static inline int page_has(const void *page, uint64_t tag)
{
	unsigned int i, nr = PAGE_SIZE / sizeof(uint64_t);
	const uint64_t *words = page;

	for (i = 0; i < nr; i++)
		if (words[i] != page_word(tag, i))
			return 0;
	return 1;
}

static inline int page_check(const void *page, uint64_t tag)
{
	if (page_has(page, tag))
		return 0;
	return fail("Page %p has %#lx, not %#lx", page, *(unsigned long *)page, (unsigned long)page_word(tag, 0));
}

struct area_usage {
	unsigned long nr_vmas;
	unsigned long rss, pss; /* bytes */
};

/* What /proc/PID/smaps says of the VMAs in [start, end). */
static inline int area_usage(int pid, const void *start, const void *end, struct area_usage *usage)
{
	unsigned long from, to, kib;
	char path[64], line[512];
	int inside = 0;
	FILE *f;

	memset(usage, 0, sizeof(*usage));
	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	f = fopen(path, "r");
	if (!f)
		return pr_perror("Can't open %s", path);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			inside = from >= (unsigned long)start && to <= (unsigned long)end;
			usage->nr_vmas += inside;
		} else if (inside && sscanf(line, "Rss: %lu kB", &kib) == 1) {
			usage->rss += kib << 10;
		} else if (inside && sscanf(line, "Pss: %lu kB", &kib) == 1) {
			usage->pss += kib << 10;
		}
	}
	fclose(f);
	return 0;
}

#endif
