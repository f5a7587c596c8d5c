// SPDX-License-Identifier: GPL-2.0
/*
 * A task whose every thread stamps the monotonic clock in a tight loop and notes
 * the largest gap between two stamps. The same threads write pages: as many as a
 * round asks for, and some all the time.
 *
 * usage: live-subject MIB THREADS PAGES RATE
 *
 *	PAGES	that a round writes, all threads together; distinct, spread at random
 *	RATE	pages a second that are written all the time, all threads together
 *
 * The bench reads and writes the page at CONTROL_ADDRESS through /proc/PID/mem.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <error.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_ADDRESS 0x200000000UL
#define MAX_THREADS	8

/* live_subject.py knows this layout; all fields are 64 bits. */
struct control {
	uint64_t ready;
	uint64_t round;	    /* written by the bench: the threads shall write this round's pages */
	uint64_t gap_reset; /* written by the bench: forget the largest gap */
	uint64_t base;	    /* address of the pages */
	struct thread {
		uint64_t round; /* complete */
		uint64_t gap_reset_seen;
		uint64_t max_gap_ns;
		uint64_t stamps;
	} threads[MAX_THREADS];
};

static volatile struct control *control;
static char *base;
static uint64_t page_size, nr_pages, nr_threads, round_pages, rate;

/* xorshift64: Marsaglia, "Xorshift RNGs", 2003. */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* A random one of the pages [nr_pages * i / of, nr_pages * (i + 1) / of). */
static void write_one_of(uint64_t i, uint64_t of, uint64_t *random)
{
	uint64_t first = nr_pages * i / of, end = nr_pages * (i + 1) / of;

	*(volatile uint64_t *)(base + (first + next_random(random) % (end - first)) * page_size) += 1;
}

static void *stamp(void *arg)
{
	uint64_t number = (uintptr_t)arg, random = number * 2 + 1, last = now_ns(), next_write = last;
	uint64_t first = round_pages * number / nr_threads, end = round_pages * (number + 1) / nr_threads, at = first;
	uint64_t interval = rate ? 1000000000ULL * nr_threads / rate : 0;
	volatile struct thread *me = &control->threads[number];
	bool writing = false; /* the pages [at, end) of a round are left */

	for (;;) {
		uint64_t now = now_ns(), gap = now - last;

		last = now;
		if (me->gap_reset_seen != control->gap_reset) {
			me->max_gap_ns = 0;
			me->gap_reset_seen = control->gap_reset;
		} else if (gap > me->max_gap_ns) {
			me->max_gap_ns = gap;
		}
		me->stamps++;

		if (writing && at < end) {
			write_one_of(at++, round_pages, &random);
		} else if (writing) {
			writing = false;
			me->round++;
		} else if (me->round != control->round) {
			writing = true;
			at = first;
		}
		if (interval && now >= next_write) {
			write_one_of(0, 1, &random);
			next_write = now + interval;
		}
	}
	return NULL;
}

static uint64_t number(const char *arg)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(arg, &end, 10);
	if (errno || *end || end == arg)
		error(2, errno, "not a number: %s", arg);
	return n;
}

static void *map(void *address, uint64_t len, int flags)
{
	void *start = mmap(address, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (start == MAP_FAILED)
		error(1, errno, "mmap");
	return start;
}

int main(int argc, char **argv)
{
	uint64_t i, random = 12345;
	pthread_t thread;
	int err;

	if (argc != 5)
		error(2, 0, "see the usage in live-subject.c");
	page_size = sysconf(_SC_PAGESIZE);
	nr_pages = (number(argv[1]) << 20) / page_size;
	nr_threads = number(argv[2]);
	round_pages = number(argv[3]);
	rate = number(argv[4]);
	if (!nr_threads || nr_threads > MAX_THREADS || round_pages > nr_pages)
		error(2, 0, "see the usage in live-subject.c");

	control = map((void *)CONTROL_ADDRESS, page_size, MAP_FIXED_NOREPLACE);
	base = map(NULL, nr_pages * page_size, MAP_NORESERVE);
	madvise(base, nr_pages * page_size, MADV_NOHUGEPAGE);
	for (i = 0; i < nr_pages; i++)
		*(uint64_t *)(base + i * page_size) = next_random(&random);
	for (i = 1; i < nr_threads; i++) {
		err = pthread_create(&thread, NULL, stamp, (void *)(uintptr_t)i);
		if (err)
			error(1, err, "pthread_create");
	}
	control->base = (uintptr_t)base;
	control->ready = 1;
	stamp(0);
}
