/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a thread works on, and the thread. Threads end and start; the memory
 * stays, and goes to the next thread with the same number.
 */
#ifndef STRESS_ACTOR_H
#define STRESS_ACTOR_H

#include <pthread.h>

#include "arena.h"
#include "blocks.h"
#include "edges.h"

#define NR_ACTORS 3
#define NR_KIDS	  2

struct actor {
	struct author author;
	struct arena anon, file;
	struct blocks blocks;
	struct edge downward;
	struct edge heap; /* of actor 0 only */
	pid_t kids[NR_KIDS]; /* children that end soon by themselves, 0: none */
	pthread_t thread;
	bool running;
	bool stop;   /* the thread has to end */
	bool parked; /* the thread is between two operations and has no kids */
};

extern struct actor actors[NR_ACTORS];
extern bool halt; /* all threads have to park; written by the manager of the process only */

/* process: number among the processes of the target, for names of files. */
void actors_init(unsigned int process, uint64_t seed);

/* In a forked process, where no actor runs. */
void actors_forked(unsigned int process, uint64_t seed);

/* By the manager of the process, which is the only one to start and end threads. */
void actor_start(struct actor *actor);
void actor_end(struct actor *actor);
void actors_start(void);

/* Parked or not. */
void actors_end(void);

/* After actors_park() nothing in this process changes; every thread waits between two operations. */
void actors_park(void);
void actors_go_on(void);

/* A number that no other process of the target has; serial numbers of authors. */
unsigned int next_serial(void);

/* Polling, where a futex would be the shorter way to wait, because it is restored with a running clock. */
void pause_us(unsigned int us);

#endif /* STRESS_ACTOR_H */
