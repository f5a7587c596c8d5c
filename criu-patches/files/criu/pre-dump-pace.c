#include <errno.h>
#include <sched.h>
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
 * How long to keep a processor that others may want. The scheduler alone would
 * give this process several milliseconds at a time, whatever its priority.
 */
#define KEEP_NS (NSEC_PER_SEC / 1000)

/* Time that was not used is not saved up for a burst longer than this */
#define MAX_CREDIT_NS (NSEC_PER_SEC / 10)

static struct timespec due;	/* when the bytes so far are allowed to have been written */
static struct timespec yielded; /* the processor, the last time */

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

void pre_dump_pace_init(void)
{
	if (setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + PRE_DUMP_NICE))
		pr_pwarn("Can't lower the priority");
	clock_gettime(CLOCK_MONOTONIC, &due);
	yielded = due;
}

static void yield(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (ns_between(&yielded, &now) < KEEP_NS)
		return;

	sched_yield();
	clock_gettime(CLOCK_MONOTONIC, &yielded);
}

void pre_dump_pace(unsigned long bytes)
{
	struct timespec now;
	long long ahead;

	yield();
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
