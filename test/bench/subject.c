// SPDX-License-Identifier: GPL-2.0
/*
 * What the benchmarks dump: private anonymous memory that is filled once, of
 * which every SIGUSR1 writes random pages; and a thread that notes the longest
 * time for which it did not run.
 *
 * usage: subject [-m MIB] [-d PAGES] [-s SEED] [-t TASKS] [-v VMAS] [-a GIB] [-h]
 *
 *	-m	memory with content, all tasks together (64)
 *	-d	pages that a round writes, all tasks together (0)
 *	-t	tasks, each with its share (1)
 *	-v	mappings that the memory of a task consists of (1)
 *	-a	address space over which it is spread, in stretches of 2 MiB; not with -v (none)
 *	-h	transparent huge pages (none)
 *
 * Bench and subject talk through a page at a fixed address, which the bench
 * reads and writes in /proc/PID/mem: no descriptor is open, dumps must not
 * depend on any.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <error.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_ADDRESS 0x200000000UL
#define SPARSE_STRETCH (2UL << 20)
#define STAMP_INTERVAL_NS 50000

/* subject.py knows this layout; all fields are 64 bits. */
struct control {
	uint64_t round; /* rounds that are complete; the first one is the filling */
	uint64_t base; /* of the memory */
	uint64_t stamps; /* of the gap thread so far */
	uint64_t max_gap_ns; /* since gap_reset was last noticed */
	uint64_t gap_reset; /* written by the bench: start again */
	uint64_t gap_reset_seen;
};

static volatile struct control *control;

static uint64_t memory_mib = 64, dirty_pages, seed = 1, nr_tasks = 1, nr_vmas = 1, sparse_gib;
static int thp;

static uint64_t random_state;

/* xorshift64: Marsaglia, "Xorshift RNGs", 2003. */
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
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

static void parse(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "m:d:s:t:v:a:h")) != -1) {
		switch (c) {
		case 'm': memory_mib = number(optarg); break;
		case 'd': dirty_pages = number(optarg); break;
		case 's': seed = number(optarg); break;
		case 't': nr_tasks = number(optarg); break;
		case 'v': nr_vmas = number(optarg); break;
		case 'a': sparse_gib = number(optarg); break;
		case 'h': thp = 1; break;
		default: exit(2);
		}
	}
	if (optind < argc || !nr_tasks || !nr_vmas || (sparse_gib && nr_vmas > 1))
		error(2, 0, "see the usage in subject.c");
}

/* The memory of one task: nr_pages pages with content, spread over a mapping that may be larger. */
struct memory {
	char *base;
	size_t page;
	uint64_t nr_pages, stretch_pages, stride_pages;
};

static char *page_address(const struct memory *m, uint64_t i)
{
	return m->base + (i / m->stretch_pages * m->stride_pages + i % m->stretch_pages) * m->page;
}

/* A mapping whose VM_DONTDUMP differs from that of its neighbours does not merge with them. */
static void split(const struct memory *m)
{
	uint64_t i;

	for (i = 1; i < nr_vmas; i += 2) {
		uint64_t first = m->nr_pages * i / nr_vmas, end = m->nr_pages * (i + 1) / nr_vmas;

		if (madvise(m->base + first * m->page, (end - first) * m->page, MADV_DONTDUMP))
			error(1, errno, "MADV_DONTDUMP");
	}
}

static void map_memory(struct memory *m)
{
	uint64_t stretches, len;

	m->page = sysconf(_SC_PAGESIZE);
	len = (memory_mib << 20) / nr_tasks / m->page * m->page;
	m->nr_pages = m->stretch_pages = m->stride_pages = len / m->page;
	if (!m->nr_pages || nr_vmas > m->nr_pages)
		error(2, 0, "more mappings or tasks than pages");
	if (sparse_gib) {
		m->stretch_pages = SPARSE_STRETCH / m->page;
		stretches = (m->nr_pages + m->stretch_pages - 1) / m->stretch_pages;
		len = (sparse_gib << 30) / nr_tasks;
		m->stride_pages = len / stretches / m->page;
	}
	m->base = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->base == MAP_FAILED)
		error(1, errno, "mmap");
	if (madvise(m->base, len, thp ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) && thp)
		error(1, errno, "MADV_HUGEPAGE");
	split(m);
	control->base = (uintptr_t)m->base;
}

/* Content that differs from page to page; filling whole pages with random numbers would take most of the time. */
static void fill(const struct memory *m)
{
	uint64_t i, *words;
	size_t w;

	for (i = 0; i < m->nr_pages; i++) {
		words = (uint64_t *)page_address(m, i);
		for (w = 0; w < m->page / sizeof(*words); w += 64 / sizeof(*words))
			words[w] = next_random();
	}
}

/* Distinct pages, so that as many change as were asked for: each one is the random one of its own stretch. */
static void dirty(const struct memory *m)
{
	uint64_t nr = dirty_pages / nr_tasks, i;

	for (i = 0; i < nr; i++) {
		uint64_t first = m->nr_pages * i / nr, end = m->nr_pages * (i + 1) / nr;

		*(uint64_t *)page_address(m, first + next_random() % (end - first)) += 1;
	}
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* It sleeps between stamps, because a thread that always runs is preempted by others, dump or not. */
static void *watch_gaps(void *unused)
{
	const struct timespec interval = { .tv_nsec = STAMP_INTERVAL_NS };
	uint64_t last = now_ns();

	prctl(PR_SET_TIMERSLACK, 1);
	for (;;) {
		uint64_t now = now_ns(), gap = now - last;

		last = now;
		if (control->gap_reset != control->gap_reset_seen) {
			control->max_gap_ns = 0;
			control->gap_reset_seen = control->gap_reset;
		} else if (gap > control->max_gap_ns) {
			control->max_gap_ns = gap;
		}
		control->stamps++;
		nanosleep(&interval, NULL);
	}
	return unused;
}

static void map_control(void)
{
	control = mmap((void *)CONTROL_ADDRESS, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (control != (void *)CONTROL_ADDRESS)
		error(1, errno, "the page at %#lx", CONTROL_ADDRESS);
}

/* Returns the number of the task; all children are the first one's. */
static uint64_t start_tasks(void)
{
	uint64_t i;

	for (i = 1; i < nr_tasks; i++) {
		pid_t pid = fork();

		if (pid < 0)
			error(1, errno, "fork");
		if (!pid)
			return i;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct memory memory;
	pthread_t thread;
	sigset_t usr1;
	uint64_t task;
	int sig, err;

	parse(argc, argv);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);

	map_control();
	task = start_tasks();
	random_state = (seed + task) * 2 + 1;
	map_memory(&memory);
	fill(&memory);
	err = task ? 0 : pthread_create(&thread, NULL, watch_gaps, NULL);
	if (err)
		error(1, err, "pthread_create");

	for (;;) {
		control->round++;
		while (sigwait(&usr1, &sig))
			;
		dirty(&memory);
	}
}
