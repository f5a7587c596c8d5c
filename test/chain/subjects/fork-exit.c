// SPDX-License-Identifier: GPL-2.0
/*
 * Children come and go between iterations. Their copy-on-write leaves pages
 * mapped once but write-protected, and their writes are not the parent's. One
 * child lives through one iteration and is gone in the next: its images have
 * no successor, its context no task.
 */
#include "../subject.h"
#include "../worker.h"

#define NR_PAGES 512

static struct region *area;
static struct worker guest;

static int write_everything(void *arg)
{
	(void)arg;
	pages_write(area, 0, NR_PAGES);
	return 0;
}

static int write_and_fork(void *arg)
{
	pages_write(area, 0, NR_PAGES / 2);
	in_child(write_everything, arg);
	return 0;
}

static void guest_step(int n)
{
	(void)n;
	pages_write_some(area, 0, NR_PAGES, 16);
}

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

void subject_step(int n)
{
	pages_write_some(area, 0, NR_PAGES, 4);
	in_child(write_and_fork, NULL);
	pages_write_some(area, 0, NR_PAGES, 4);
	if (n % 2) {
		worker_start(&guest, guest_step);
		worker_call(&guest, n);
	} else {
		worker_end(&guest);
	}
	expect_region(area, 8);
}

void subject_check(int n)
{
	if (n % 2)
		worker_call(&guest, WORKER_CHECK);
}
