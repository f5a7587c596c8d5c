// SPDX-License-Identifier: GPL-2.0
/*
 * Two tasks with one mm (CLONE_VM without CLONE_THREAD), both write. One context
 * per mm, not per pid: with one per pid every VMA of the second task looks
 * foreign, or the scan for one clears what the other one has to see.
 * CRIU 4.2.1 pre-dumps such tasks but refuses to dump them ("Can't make VM id"),
 * so the second one exits before the final dump.
 */
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "../subject.h"
#include "../worker.h"

#define NR_PAGES    256
#define STACK_BYTES (64 << 10)

static struct region *area;
static struct worker twin, twins_end;
static char stack[STACK_BYTES] __attribute__((aligned(64)));

static void twin_step(int n)
{
	(void)n;
	pages_write_some(area, NR_PAGES / 2, NR_PAGES / 2, 8);
}

static int twin_main(void *arg)
{
	worker_serve(arg, twin_step);
}

void subject_setup(void)
{
	int fds[4];

	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	worker_pipes(fds);
	twins_end.to = fds[0];
	twins_end.from = fds[3];
	twin.to = fds[1];
	twin.from = fds[2];
	/* With CLONE_FILES absent it has copies of all four ends: a closed pipe does not end it. */
	twin.pid = clone(twin_main, stack + sizeof(stack), CLONE_VM | SIGCHLD, &twins_end);
	must(twin.pid > 0);
}

void subject_step(int n)
{
	pages_write_some(area, 0, NR_PAGES / 2, 8);
	if (n < 3)
		worker_call(&twin, n);
	else if (n == 3)
		must(kill(twin.pid, SIGKILL) == 0 && waitpid(twin.pid, NULL, 0) == twin.pid);
}
