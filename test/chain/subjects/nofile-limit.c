// SPDX-License-Identifier: GPL-2.0
/*
 * Hardly any descriptor that RLIMIT_NOFILE allows is free while the task is
 * dumped. NR_FREE is what CRIU 4.2.1 needs for its parasite in a dump; opening
 * a userfaultfd there must not need more.
 */
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../subject.h"

#define NR_PAGES 256
#define NR_FDS	 16
#define NR_FREE	 4

static struct region *area;

void subject_setup(void)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = NR_FDS;
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

static void close_last(int nr)
{
	while (nr)
		close(NR_FDS - nr--);
}

/* The checks need a few themselves. */
void subject_busy(void)
{
	close_last(NR_FREE);
}

void subject_idle(void)
{
	while (dup(0) >= 0)
		;
	must(errno == EMFILE);
	close_last(NR_FREE);
}

void subject_step(int n)
{
	(void)n;
	pages_write_some(area, 0, NR_PAGES, 4);
	expect_region(area, 4);
}
