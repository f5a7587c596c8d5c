// SPDX-License-Identifier: GPL-2.0
/*
 * What test/bench/slowdown slows down: a program that does nothing but write to
 * its memory, as fast as it can.
 *
 * usage: slowdown-writer chase|stream MIB
 *
 *	chase	follows pointers through all cache lines in random order and writes to each: every
 *		write is to another page
 *	stream	writes all bytes from the first to the last, again and again
 *
 * Either comes to every page many times a second, so each dump makes every page
 * fault once: there is no worse load. The counter at COUNTER_ADDRESS, which the
 * bench reads in /proc/PID/mem, says how many bytes (stream) or lines (chase)
 * were written; it is 0 until the memory is filled. No descriptor is open.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <error.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNTER_ADDRESS 0x200000000UL
#define CHASE_STEPS 1024 /* between two updates of the counter */

struct line {
	struct line *next;
	uint64_t count;
	uint64_t unused[6];
};

static void *map(void *address, size_t len, int flags)
{
	void *memory = mmap(address, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (memory == MAP_FAILED)
		error(1, errno, "mmap");
	/* EINVAL: a kernel without THP. */
	if (madvise(memory, len, MADV_NOHUGEPAGE) && errno != EINVAL)
		error(1, errno, "MADV_NOHUGEPAGE");
	return memory;
}

/* xorshift64: Marsaglia, "Xorshift RNGs", 2003. */
static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* One cycle through all lines: Sattolo's shuffle. */
static void link_lines(struct line *lines, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		lines[i].next = &lines[i];
	for (i = nr - 1; i > 0; i--) {
		size_t other = next_random() % i;
		struct line *next = lines[i].next;

		lines[i].next = lines[other].next;
		lines[other].next = next;
	}
}

static void chase(volatile uint64_t *counter, struct line *lines, size_t len)
{
	struct line *line = lines;
	int i;

	link_lines(lines, len / sizeof(*lines));
	for (;;) {
		for (i = 0; i < CHASE_STEPS; i++) {
			line->count++;
			line = line->next;
		}
		*counter += CHASE_STEPS;
	}
}

static void stream(volatile uint64_t *counter, char *memory, size_t len)
{
	const size_t step = sysconf(_SC_PAGESIZE);
	size_t at;
	int round;

	memset(memory, 1, len);
	for (round = 0;; round++)
		for (at = 0; at < len; at += step) {
			memset(memory + at, round, step);
			*counter += step;
		}
}

int main(int argc, char **argv)
{
	size_t len = argc == 3 ? strtoull(argv[2], NULL, 10) << 20 : 0;
	volatile uint64_t *counter;
	void *memory;

	if (!len)
		error(2, 0, "usage: %s chase|stream MIB", argv[0]);
	counter = map((void *)COUNTER_ADDRESS, sysconf(_SC_PAGESIZE), MAP_FIXED_NOREPLACE);
	memory = map(NULL, len, 0);
	if (!strcmp(argv[1], "chase"))
		chase(counter, memory, len);
	else if (!strcmp(argv[1], "stream"))
		stream(counter, memory, len);
	error(2, 0, "what is %s?", argv[1]);
}
