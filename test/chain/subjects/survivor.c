// SPDX-License-Identifier: GPL-2.0
/*
 * Two tasks with one mm, and the one that the context was made for exits: its
 * context has to go with it, and the other one must be tracked anew or dumped in
 * full. CRIU 4.2.1 refuses the final dump of a shared mm, but at that time there
 * is only one.
 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../subject.h"
#include "../worker.h"

#define NR_PAGES    256
#define STACK_BYTES (64 << 10)

static struct region *area;
static struct worker first, second, seconds_end;
static char stack[STACK_BYTES] __attribute__((aligned(64)));

static void second_step(int n)
{
	pages_write_some(area, 0, NR_PAGES, 8);
	if (n > 3)
		expect_region(area, 8);
}

static int second_main(void *arg)
{
	worker_serve(arg, second_step);
}

static void first_step(int n)
{
	/* A brother and not a child: it must stay in the tree. */
	if (n == 0)
		must(clone(second_main, stack + sizeof(stack), CLONE_VM | CLONE_PARENT | SIGCHLD, &seconds_end) > 0);
	else
		pages_write_some(area, 0, NR_PAGES, 8);
}

void subject_setup(void)
{
	int fds[4];

	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	worker_pipes(fds);
	seconds_end.to = fds[0];
	seconds_end.from = fds[3];
	second.to = fds[1];
	second.from = fds[2];
	worker_start(&first, first_step);
	worker_call(&first, 0);
}

void subject_step(int n)
{
	if (n == 2)
		worker_end(&first);
	else if (n == 1)
		worker_call(&first, n);
	worker_call(&second, n);
}

void subject_check(int n)
{
	(void)n;
	worker_call(&second, WORKER_CHECK);
}
