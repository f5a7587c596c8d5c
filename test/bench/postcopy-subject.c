// SPDX-License-Identifier: GPL-2.0
/*
 * postcopy-subject MIB PERCENT: memory, half of it private and half shared anonymous, all of it written. On each
 * SIGUSR1 PERCENT of its pages, picked at random, are written; on each SIGUSR2 all are read. Else it looks at the
 * clock once in a millisecond. What it has to say is at CONTROL_ADDRESS (subject.py).
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_ADDRESS ((void *)0x200000000)
#define HALVES		2

struct control {
	uint64_t round;	    /* 1 when all is written; SIGUSR1 and SIGUSR2 add 1 */
	uint64_t max_gap;   /* ns, the longest time between two looks at the clock; the bench may set it to 0 */
	uint64_t gap_start; /* of that, ns of CLOCK_MONOTONIC */
	uint64_t sum;	    /* of all memory */
};

static uint64_t *half[HALVES];
static size_t page_size, words; /* of a page, in bytes and uint64_t */
static size_t pages;		/* of each half */
static uint64_t state = 88172645463325252ULL;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void fill(uint64_t *page)
{
	size_t i;

	for (i = 0; i < words; i++)
		page[i] = rnd();
}

/* Some of them may be written twice. */
static void change(size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		fill(half[i % HALVES] + rnd() % pages * words);
}

static uint64_t sum_all(void)
{
	uint64_t sum = 0;
	size_t i, h;

	for (h = 0; h < HALVES; h++)
		for (i = 0; i < pages * words; i++)
			sum = (sum << 1 | sum >> 63) ^ half[h][i];
	return sum;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void obey(int signal, struct control *control, double percent)
{
	if (signal == SIGUSR1)
		change(pages * HALVES * percent / 100);
	else
		control->sum = sum_all();
	control->round++;
}

static void run(struct control *control, const sigset_t *set, double percent)
{
	struct timespec tick = { .tv_nsec = 1000000 };
	uint64_t last = now_ns(), now;
	int signal;

	for (;;) {
		signal = sigtimedwait(set, NULL, &tick);
		now = now_ns();
		if (now - last > control->max_gap) {
			control->max_gap = now - last;
			control->gap_start = last;
		}
		if (signal > 0)
			obey(signal, control, percent);
		last = now_ns();
	}
}

int main(int argc, char **argv)
{
	struct control *control;
	sigset_t set;
	size_t i, h;

	if (argc != 3)
		return 2;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	page_size = sysconf(_SC_PAGESIZE);
	words = page_size / sizeof(uint64_t);
	pages = (strtoul(argv[1], NULL, 10) << 20) / page_size / HALVES;
	control = mmap(CONTROL_ADDRESS, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (control == MAP_FAILED)
		return 1;
	for (h = 0; h < HALVES; h++) {
		half[h] = mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | (h ? MAP_SHARED : MAP_PRIVATE),
			       -1, 0);
		if (half[h] == MAP_FAILED)
			return 1;
		for (i = 0; i < pages; i++)
			fill(half[h] + i * words);
	}
	control->round = 1;
	run(control, &set, strtod(argv[2], NULL));
}
