// SPDX-License-Identifier: GPL-2.0
/*
 * A task that waits in vfork, and its child that has the same mm and writes. No
 * CRIU can stop such a task, so that pre-dump has to fail, without harm to the
 * target or to the chain: the child exits, and the next one succeeds. What was
 * written meanwhile by the child is in the parent's memory.
 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../subject.h"
#include "../worker.h"

#define NR_PAGES    256
#define STACK_BYTES (64 << 10)

/* The second pre-dump, which follows step 1. */
const char subject_traits[] = "failing=1";

static struct region *area;
static struct worker outer, inner, inners_end;
static char stack[STACK_BYTES] __attribute__((aligned(64)));

static void inner_step(int n)
{
	if (n == 2)
		_exit(0);
	pages_write_some(area, 0, NR_PAGES, 8);
}

static int inner_main(void *arg)
{
	worker_serve(arg, inner_step);
}

static void outer_step(int n)
{
	/* clone() returns after the exit of the child. */
	if (n == 1) {
		must(clone(inner_main, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &inners_end) > 0);
		must(wait(NULL) > 0);
	}
	pages_write_some(area, 0, NR_PAGES, 8);
}

void subject_setup(void)
{
	int fds[4];

	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	worker_pipes(fds);
	inners_end.to = fds[0];
	inners_end.from = fds[3];
	inner.to = fds[1];
	inner.from = fds[2];
	worker_start(&outer, outer_step);
}

void subject_step(int n)
{
	if (n == 1) {
		worker_send(&outer, n);
		worker_call(&inner, n);
	} else if (n == 2) {
		worker_send(&inner, n);
		worker_wait(&outer);
	} else {
		worker_call(&outer, n);
	}
}

void subject_check(int n)
{
	(void)n;
	worker_call(&outer, WORKER_CHECK);
}
