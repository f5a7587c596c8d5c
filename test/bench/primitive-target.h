/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A child process with one private anonymous mapping, for test/bench/primitive
 * to look at from outside, as CRIU does.
 *
 * Populated pages: nr_populated of the smallest size (no THP), one in each of
 * nr_populated stretches of equal size. len / page size of them: all pages.
 * Lengths and addresses are bytes, page-aligned. Times are nanoseconds, on real machines
 * of processor time of the thread that works, user and kernel: nothing here waits, and
 * other programs on the machine weigh little.
 * Functions print a message and exit when something fails: nothing here goes
 * on after an error.
 */
#ifndef PRIMITIVE_TARGET_H
#define PRIMITIVE_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct target {
	pid_t pid;
	int sock;
	int pagemap;	/* /proc/PID/pagemap */
	int clear_refs; /* /proc/PID/clear_refs */
	int uffd;	/* bound to the child's mm; WP_ASYNC; nothing is registered */
	uint64_t start;
	uint64_t len;
	uint64_t nr_populated;
};

void target_start(struct target *t, uint64_t len, uint64_t nr_populated);

/* Waits until the child is gone; closes all descriptors. */
void target_end(struct target *t);

/* Writes to nr of the populated pages: distinct ones, spread at random. nr <= nr_populated. */
void target_dirty(struct target *t, uint64_t nr, uint64_t seed);

/* Writes one word to each page of the mapping, in order. Returns how long that took in the child. */
uint64_t target_write_all(struct target *t);

/* Processor time of the calling thread, or the wall clock's: emulated machines keep no good account of the first. */
extern bool measure_wall_time; /* set before the first target starts */
uint64_t now_ns(void);
uint64_t page_size(void);

#endif /* PRIMITIVE_TARGET_H */
