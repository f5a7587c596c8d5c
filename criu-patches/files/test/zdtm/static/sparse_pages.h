/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZDTM_SPARSE_PAGES_H
#define ZDTM_SPARSE_PAGES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* Writes new content to a page of the task's own. */
static inline void page_renew(void *page, unsigned long *tag)
{
	*tag = 1 + lrand48();
	page_fill(page, *tag);
}

/* The page is a hole again, or the file's. */
static inline int page_drop(void *page, unsigned long *tag)
{
	*tag = NO_CONTENT;
	return madvise(page, PAGE_SIZE, MADV_DONTNEED) ? pr_perror("madvise") : 0;
}

static inline int change_some(int (*change_one)(void), int nr)
{
	while (nr--)
		if (change_one())
			return 1;
	return 0;
}

/* Changes nr pages a millisecond for as long as the test runs. */
static inline int change_all_the_time(int (*change_one)(void), int nr)
{
	while (test_go()) {
		if (change_some(change_one, nr))
			return 1;
		usleep(1000);
	}
	return 0;
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
