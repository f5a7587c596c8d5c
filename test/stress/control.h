/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the processes of the target tell each other, in a file that all of them
 * map: it outlives exec and restore. Memory that is shared is not tracked; the
 * memory under test is elsewhere.
 */
#ifndef STRESS_CONTROL_H
#define STRESS_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NR_PROCESSES 4 /* at a time; 0 is the root */

enum state {
	FREE,
	STARTING,
	RUNNING,
	EXITING, /* will end without waiting for anything but its own children */
};

struct process {
	uint32_t state;
	uint32_t parent; /* number of the process */
	uint32_t end;	 /* the parent wants it to end */
	uint32_t parked; /* the phase in which it parked */
	uint32_t checked;
	pid_t pid;
};

struct control {
	uint32_t phase; /* odd: run, even: park */
	uint32_t check; /* parked processes check their memory, once for each value */
	uint32_t serials;
	struct process processes[NR_PROCESSES];
};

extern struct control *control;

/* create: a new one instead of the one that is there. */
void control_map(bool create);

static inline uint32_t get(const uint32_t *field)
{
	return __atomic_load_n(field, __ATOMIC_ACQUIRE);
}

static inline void set(uint32_t *field, uint32_t value)
{
	__atomic_store_n(field, value, __ATOMIC_RELEASE);
}

static inline bool shall_run(void)
{
	return get(&control->phase) & 1;
}

/* A process number that nobody has, in state STARTING; -1 if there is none. */
int process_claim(unsigned int parent);

#endif /* STRESS_CONTROL_H */
