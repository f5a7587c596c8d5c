// SPDX-License-Identifier: GPL-2.0
/*
 * Threads with a registered rseq area. Stock pre-dumps never look at rseq, so a
 * task that goes on after a pre-dump may have lost its registration or a
 * critical section; here: the kernel must still write CPU numbers into every
 * thread's area after each iteration and after the restore.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/rseq.h>
#include <unistd.h>

#include "../subject.h"

#define NR_THREADS 4

static pthread_barrier_t start, end;
static struct region *area;

static volatile struct rseq *my_rseq(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

/* The kernel writes it on every way back to user mode: migrate and compare. */
static void check_rseq(void)
{
	cpu_set_t all, one;
	int cpu;

	must(sched_getaffinity(0, sizeof(all), &all) == 0);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		must(sched_setaffinity(0, sizeof(one), &one) == 0);
		if (my_rseq()->cpu_id != (uint32_t)cpu)
			fail("thread %d runs on CPU %d, its rseq area says %u", gettid(), cpu, my_rseq()->cpu_id);
	}
	must(sched_setaffinity(0, sizeof(all), &all) == 0);
}

static void *thread_main(void *arg)
{
	mark_rseq_volatile();
	for (;;) {
		pthread_barrier_wait(&start);
		check_rseq();
		pthread_barrier_wait(&end);
	}
	return arg;
}

static void check_all(void)
{
	pthread_barrier_wait(&start);
	check_rseq();
	pthread_barrier_wait(&end);
}

void subject_setup(void)
{
	pthread_t thread;
	int i;

	if (!__rseq_size)
		skip("the C library has not registered rseq");
	area = region_map("area", 64, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, 64);
	pthread_barrier_init(&start, NULL, NR_THREADS + 1);
	pthread_barrier_init(&end, NULL, NR_THREADS + 1);
	for (i = 0; i < NR_THREADS; i++)
		must(pthread_create(&thread, NULL, thread_main, NULL) == 0);
	check_all();
}

void subject_step(int n)
{
	(void)n;
	pages_write_some(area, 0, 64, 2);
	expect_region(area, 2);
	check_all();
}

void subject_check(int n)
{
	(void)n;
	check_all();
}
