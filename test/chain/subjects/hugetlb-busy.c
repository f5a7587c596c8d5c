// SPDX-License-Identifier: GPL-2.0
/*
 * A thread that writes, drops and reads private huge pages all the time, while they are pre-dumped, and looks at what
 * it finds in them.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../subject.h"

const char subject_traits[] = "predumps=8";

#define NR_HUGE	 12
#define NR_SPOTS 4 /* small pages of each that are written */

static struct region *area;
static size_t huge_pages; /* small pages in a huge one */
static uint64_t tags[NR_HUGE][NR_SPOTS]; /* 0: reads as zeros */
static volatile uint64_t nr_done;
static volatile int paused, is_paused;

static char *spot(size_t i, size_t k)
{
	return region_page(area, i * huge_pages + k * (huge_pages - 1) / (NR_SPOTS - 1));
}

static void check_page(size_t i)
{
	static char expected[65536];
	size_t k;

	for (k = 0; k < NR_SPOTS; k++) {
		page_fill(expected, tags[i][k]);
		if (memcmp(spot(i, k), expected, page_size))
			fail("after %llu changes: %p must hold %#llx, holds %#llx", (unsigned long long)nr_done,
			     spot(i, k), (unsigned long long)tags[i][k], *(unsigned long long *)spot(i, k));
	}
}

static void change(size_t i, unsigned int how)
{
	size_t k = how % NR_SPOTS;

	if (how / NR_SPOTS % 4 == 0) {
		/* What is looked at next has come by a read. */
		must(madvise(region_page(area, i * huge_pages), huge_pages * page_size, MADV_DONTNEED) == 0);
		memset(tags[i], 0, sizeof(tags[i]));
	} else {
		tags[i][k] = nr_done + 1;
		page_fill(spot(i, k), tags[i][k]);
	}
}

static void *changer(void *arg)
{
	unsigned int seed = model_seed;

	(void)arg;
	mark_rseq_volatile();
	for (;;) {
		/* Those with low numbers seldom: what nobody looks at is a hole, or unchanged for several dumps. */
		check_page(NR_HUGE - 1 - rand_r(&seed) % NR_HUGE * (rand_r(&seed) % NR_HUGE) / NR_HUGE);
		change(rand_r(&seed) % NR_HUGE, rand_r(&seed));
		nr_done++;
		/* Slowly: most pages are to be unchanged by a few dumps. */
		usleep(1000 + rand_r(&seed) % 20000);
		while (paused) {
			is_paused = 1;
			usleep(500);
		}
		is_paused = 0;
	}
	return NULL;
}

void subject_setup(void)
{
	pthread_t thread;

	huge_pages = need_huge_pages(2 * NR_HUGE) / page_size;
	area = region_map("area", NR_HUGE * huge_pages, PROT_READ | PROT_WRITE, MAP_HUGETLB);
	/* The content changes by itself: checked below, not by the model. */
	pages_set(area, 0, area->nr_pages, TAG_UNMAPPED);
	must(pthread_create(&thread, NULL, changer, NULL) == 0);
}

void subject_step(int n)
{
	(void)n;
	usleep(20000);
}

void subject_check(int n)
{
	size_t i;

	(void)n;
	paused = 1;
	while (!is_paused)
		usleep(500);
	for (i = 0; i < NR_HUGE; i++)
		check_page(i);
	paused = 0;
}
