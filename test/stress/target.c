// SPDX-License-Identifier: GPL-2.0
/*
 * The target of the stress test: processes whose threads change their mappings
 * and memory as fast as they can, and know at any time what it must hold.
 *
 * It is a subject (../chain/subject.h). It runs from the setup on; a step lets it
 * run a little longer and then parks it: every thread of every process waits
 * between two operations, all that has ended is reaped, and the models are in files.
 *
 * Each process has a manager, one thread that starts and ends the others (the
 * actors, actor.h), forks and ends processes, and calls exec. Processes that it
 * forks do the same, some of them as a new program.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "control.h"
#include "kids.h"
#include "without.h"

#define STEP_MS	     300
#define MANAGE_MS    10
#define PARK_POLL_US 1000
#define TARGET_NICE  10

static unsigned int self; /* number of this process */
static struct rng rng;	  /* of the manager */

/* Waits for the end of a child, which is soon when that is EXITING. */
static void reap_process(struct process *child)
{
	int status;

	must(waitpid(child->pid, &status, 0) == child->pid);
	child_must_be_fine(child->pid, status);
	set(&child->state, FREE);
}

static bool is_child(const struct process *p)
{
	return get(&p->state) != FREE && p->parent == self && p != &control->processes[0];
}

/* Children that are about to end: reaped without waiting for those that are not. */
static void reap_exiting(void)
{
	struct process *p;

	for (p = control->processes; p < control->processes + NR_PROCESSES; p++)
		if (is_child(p) && get(&p->state) == EXITING)
			reap_process(p);
}

static void end_children(void)
{
	struct process *p;

	for (p = control->processes; p < control->processes + NR_PROCESSES; p++)
		if (is_child(p))
			set(&p->end, 1);
	for (p = control->processes; p < control->processes + NR_PROCESSES; p++)
		if (is_child(p))
			reap_process(p);
}

static void remove_own_files(void)
{
	static const char *const names[] = { "model", "volatile", "rules" };
	char path[32];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s.%d", names[i], getpid());
		unlink(path);
	}
}

static void save_and_check(void)
{
	process_end();
	model_check();
}

__attribute__((noreturn)) static void exit_process(void)
{
	set(&control->processes[self].state, EXITING);
	actors_park();
	end_children();
	save_and_check();
	remove_own_files();
	if (without("dying-threads"))
		actors_end();
	_exit(0);
}

/* Whether all children are parked; reaps those that end meanwhile. */
static bool children_parked(uint32_t phase)
{
	struct process *p;

	reap_exiting();
	for (p = control->processes; p < control->processes + NR_PROCESSES; p++)
		if (is_child(p) && (get(&p->state) != RUNNING || get(&p->parked) != phase))
			return false;
	return true;
}

static void check_if_asked(struct process *me)
{
	uint32_t check = get(&control->check);

	if (get(&me->checked) == check)
		return;
	/* The main thread of the root has done it when it asks the others. */
	if (self)
		model_check();
	set(&me->checked, check);
}

/* The parent of this process waits for it, and so does everything above. */
static void park(void)
{
	struct process *me = &control->processes[self];
	uint32_t phase = get(&control->phase);

	remove_own_files();
	actors_park();
	while (!children_parked(phase)) {
		if (get(&me->end))
			exit_process();
		pause_us(PARK_POLL_US);
	}
	/* The calling thread's; the actors have added theirs. */
	mark_rseq_volatile();
	process_end();
	set(&me->parked, phase);
	while (get(&control->phase) == phase) {
		if (get(&me->end))
			exit_process();
		check_if_asked(me);
		pause_us(PARK_POLL_US);
	}
	actors_go_on();
}

__attribute__((noreturn)) static void manage(void);

__attribute__((noreturn)) static void start_forked(int number)
{
	struct process *me = &control->processes[number];

	self = number;
	me->pid = getpid();
	rng.state ^= (uint64_t)next_serial() << 32;
	actors_forked(self, rng_next(&rng));
	actors_start();
	set(&me->state, RUNNING);
	manage();
}

static void fork_process(void)
{
	int number = process_claim(self);
	pid_t pid;

	if (number < 0)
		return;
	/* So that the child has a copy of memory that agrees with its model. */
	actors_park();
	pid = fork();
	must(pid >= 0);
	if (!pid)
		start_forked(number);
	control->processes[number].pid = pid;
	actors_go_on();
}

static void restart_actor(void)
{
	struct actor *actor = &actors[rng_below(&rng, NR_ACTORS)];

	actor_end(actor);
	if (rng_once_in(&rng, 2))
		pause_us(rng_below(&rng, 3000));
	actor_start(actor);
}

/* With threads, which end in the exec; but without kids, of which the new program would know nothing. */
__attribute__((noreturn)) static void exec_process(void)
{
	actors_park();
	save_and_check();
	remove_own_files();
	subject_exec();
}

__attribute__((noreturn)) static void manage(void)
{
	struct process *me = &control->processes[self];

	for (;;) {
		size_t what = rng_below(&rng, 100);

		if (!shall_run())
			park();
		if (get(&me->end) || (self && what == 0))
			exit_process();
		reap_exiting();
		if (self && what == 1 && !without("exec"))
			exec_process();
		else if (what < 6 && !without("fork"))
			fork_process();
		else if (what < 16 && !without("threads"))
			restart_actor();
		pause_us(rng_below(&rng, 2 * MANAGE_MS * 1000));
	}
}

static void *manage_root(void *unused)
{
	(void)unused;
	manage();
}

void subject_setup(void)
{
	pthread_t thread;

	/* A dozen threads that never wait leave little of two processors to CRIU. */
	errno = 0;
	nice(TARGET_NICE);
	must(!errno);
	without_init();
	control_map(true);
	control->phase = 1;
	control->processes[0] = (struct process){ .state = RUNNING, .pid = getpid() };
	rng.state = model_seed;
	actors_init(0, model_seed);
	actors_start();
	must(pthread_create(&thread, NULL, manage_root, NULL) == 0);
}

/* The program of a process that called exec. */
void subject_resume(int n)
{
	struct process *p;

	(void)n;
	without_init();
	control_map(false);
	for (p = control->processes; get(&p->state) == FREE || p->pid != getpid();)
		p++;
	self = p - control->processes;
	rng.state = model_seed ^ (uint64_t)next_serial() << 32;
	actors_init(self, rng_next(&rng));
	actors_start();
	manage();
}

static void wait_for_phase(uint32_t phase)
{
	while (get(&control->processes[0].parked) != phase)
		pause_us(PARK_POLL_US);
}

void subject_step(int n)
{
	(void)n;
	if (!shall_run())
		set(&control->phase, control->phase + 1);
	pause_us(STEP_MS * 1000);
	set(&control->phase, control->phase + 1);
	wait_for_phase(control->phase);
	/* The manager has removed what was noted of this thread before. */
	mark_rseq_volatile();
}

void subject_check(int n)
{
	struct process *p;

	(void)n;
	set(&control->check, control->check + 1);
	for (p = control->processes; p < control->processes + NR_PROCESSES; p++)
		while (get(&p->state) != FREE && get(&p->checked) != control->check)
			pause_us(PARK_POLL_US);
}
