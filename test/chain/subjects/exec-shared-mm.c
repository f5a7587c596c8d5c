// SPDX-License-Identifier: GPL-2.0
/*
 * Two tasks with one mm, and the one that the context was made for execs: the
 * context is still of the old mm, which lives on in the other task, so that
 * nothing about the context itself says that the first task has left it. At the
 * addresses that it protects for one, the other has different memory: once plain
 * memory, and once memory that the new program tracks with a context of its own.
 */
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include "../subject.h"
#include "../uffd.h"
#include "../worker.h"

#define NR_PAGES    256
#define STACK_BYTES (64 << 10)

static struct region *area, *own;
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

static void make_area(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	own = region_map("own", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(own, 0, NR_PAGES);
}

void subject_setup(void)
{
	int fds[4];

	make_area();
	worker_pipes(fds);
	twins_end.to = fds[0];
	twins_end.from = fds[3];
	twin.to = fds[1];
	twin.from = fds[2];
	twin.pid = clone(twin_main, stack + sizeof(stack), CLONE_VM | SIGCHLD, &twins_end);
	must(twin.pid > 0);
}

/* The twin waits for orders for ever, from a pipe that only it has open. */
void subject_resume(int n)
{
	unsigned char written[NR_PAGES];
	int uffd = own_uffd(UFFD_FEATURE_WP_ASYNC);

	(void)n;
	make_area();
	own_register(uffd, own, UFFDIO_REGISTER_MODE_WP);
	own_scan(own, written);
	keep_open_outside(uffd);
	close(uffd);
	expect_full(area->start, region_bytes(area));
	expect_full(own->start, region_bytes(own));
}

void subject_step(int n)
{
	if (n == 3)
		own_scan_check(own);
	pages_write_some(area, 0, NR_PAGES / 2, 8);
	pages_write_some(own, 0, NR_PAGES, 8);
	if (n == 1)
		worker_call(&twin, n);
	else if (n == 2)
		subject_exec();
	else
		expect_region(area, 8);
}
