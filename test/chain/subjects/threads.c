// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that write all the time, into memory of their own and deep into their
 * stacks, while they are pre-dumped. What is written between protection and
 * reading must come again in the next iteration; registers, stack and heap of a
 * thread must be of the same moment in the end.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../subject.h"

#define NR_THREADS  4
#define NR_PAGES    256
#define DEPTH_PAGES 8

struct writer {
	pthread_t thread;
	struct region *area;
	/* Pages written so far: page i % NR_PAGES got content made of i. */
	volatile uint64_t done;
	volatile uint64_t errors;
};

static struct writer writers[NR_THREADS];
static volatile int paused;
static volatile int nr_paused;

static uint64_t content_tag(const struct writer *w, uint64_t i)
{
	return ((uint64_t)(w - writers + 1) << 56) | (i + 1);
}

/* Fills stack pages, lets others run, and looks whether they are still right. */
static int use_stack(uint64_t i, int depth)
{
	volatile uint64_t words[512];
	size_t k;
	int bad;

	for (k = 0; k < 512; k++)
		words[k] = i * 31 + depth * 7 + k;
	if (depth == 0)
		usleep(200);
	bad = depth ? use_stack(i, depth - 1) : 0;
	for (k = 0; k < 512; k++)
		bad += words[k] != i * 31 + depth * 7 + k;
	return bad;
}

static void rest_while_paused(void)
{
	if (!paused)
		return;
	__atomic_add_fetch(&nr_paused, 1, __ATOMIC_SEQ_CST);
	while (paused)
		usleep(500);
	__atomic_sub_fetch(&nr_paused, 1, __ATOMIC_SEQ_CST);
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;

	mark_rseq_volatile();
	for (;;) {
		page_fill(region_page(w->area, w->done % NR_PAGES), content_tag(w, w->done));
		w->done++;
		w->errors += use_stack(w->done, DEPTH_PAGES);
		rest_while_paused();
	}
	return NULL;
}

void subject_setup(void)
{
	int i;

	for (i = 0; i < NR_THREADS; i++) {
		struct writer *w = &writers[i];

		w->area = region_map("writer", NR_PAGES, PROT_READ | PROT_WRITE, 0);
		/* The content changes by itself: checked below, not by the model. */
		pages_set(w->area, 0, NR_PAGES, TAG_UNMAPPED);
		must(pthread_create(&w->thread, NULL, writer_main, w) == 0);
	}
}

void subject_step(int n)
{
	(void)n;
	usleep(20000);
}

static void check_writer(const struct writer *w)
{
	static char expected[65536];
	uint64_t i, first = w->done > NR_PAGES ? w->done - NR_PAGES : 0;

	if (w->errors)
		fail("writer %td: %llu wrong words on its stack", w - writers, (unsigned long long)w->errors);
	if (!w->done)
		fail("writer %td never ran", w - writers);
	for (i = first; i < w->done; i++) {
		const char *page = region_page(w->area, i % NR_PAGES);

		page_fill(expected, content_tag(w, i));
		if (memcmp(page, expected, page_size))
			fail("writer %td: page %p must hold round %llu, holds %#llx", w - writers, page,
			     (unsigned long long)i, *(unsigned long long *)page);
	}
}

void subject_check(int n)
{
	int i;

	(void)n;
	paused = 1;
	while (nr_paused < NR_THREADS)
		usleep(500);
	for (i = 0; i < NR_THREADS; i++)
		check_writer(&writers[i]);
	paused = 0;
}
