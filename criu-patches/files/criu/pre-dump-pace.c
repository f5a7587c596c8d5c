#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "cr_options.h"
#include "int.h"
#include "log.h"
#include "pre-dump-pace.h"
#include "util.h"

#undef LOG_PREFIX
#define LOG_PREFIX "pre-dump-pace: "

/* Weighs a third of a task of nice value 0, sched(7) */
#define PRE_DUMP_NICE 5

/*
 * How long to keep a processor that others may want, and how long to leave it to them, give or take the slack. The
 * scheduler alone would give this process several milliseconds at a time, whatever its priority; and sched_yield(2)
 * makes way for tasks of the same group only, sched(7), which targets are not.
 */
#define KEEP_NS		(NSEC_PER_SEC / 4000)
#define LEAVE_NS	(NSEC_PER_SEC / 50000)
#define LEAVE_SLACK_NS	(NSEC_PER_SEC / 1000000)

/* Time that was not used is not saved up for a burst longer than this */
#define MAX_CREDIT_NS (NSEC_PER_SEC / 10)

static int normal_nice;
static struct timespec due;  /* when the bytes so far are allowed to have been written */
static struct timespec kept; /* the processor since then */

static long long ns_between(const struct timespec *from, const struct timespec *to)
{
	return (to->tv_sec - from->tv_sec) * (long long)NSEC_PER_SEC + to->tv_nsec - from->tv_nsec;
}

static void add_ns(struct timespec *t, long long ns)
{
	ns += t->tv_nsec;
	t->tv_sec += ns / NSEC_PER_SEC;
	t->tv_nsec = ns % NSEC_PER_SEC;
}

/* This process is the leader of its session, and so of a group of its own, sched(7). */
static void set_autogroup_nice(int nice)
{
	FILE *f = fopen("/proc/self/autogroup", "we");

	if (!f)
		return;

	fprintf(f, "%d", nice);
	fclose(f);
}

void pre_dump_pace_hurry(bool hurry)
{
	int nice = hurry ? normal_nice : normal_nice + PRE_DUMP_NICE;

	/* Without CAP_SYS_NICE, capabilities(7), or RLIMIT_NICE there is no way back. */
	if (setpriority(PRIO_PROCESS, 0, nice))
		pr_pwarn("Can't change the priority");
	set_autogroup_nice(nice);
}

static void leave_processor(void)
{
	const struct timespec leave = { .tv_nsec = LEAVE_NS };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &leave, NULL);
	clock_gettime(CLOCK_MONOTONIC, &kept);
}

void pre_dump_pace_init(void)
{
	normal_nice = getpriority(PRIO_PROCESS, 0);
	pre_dump_pace_hurry(false);
	prctl(PR_SET_TIMERSLACK, LEAVE_SLACK_NS);
	clock_gettime(CLOCK_MONOTONIC, &due);
	leave_processor();
}

void pre_dump_pace(unsigned long bytes)
{
	struct timespec now;
	long long ahead;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (ns_between(&kept, &now) >= KEEP_NS)
		leave_processor();

	if (!opts.pre_dump_rate)
		return;

	add_ns(&due, (long long)bytes * NSEC_PER_SEC / opts.pre_dump_rate);
	clock_gettime(CLOCK_MONOTONIC, &now);
	ahead = ns_between(&now, &due);
	if (ahead < -(long long)MAX_CREDIT_NS)
		add_ns(&due, -ahead - MAX_CREDIT_NS);
	if (ahead > 0)
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}
