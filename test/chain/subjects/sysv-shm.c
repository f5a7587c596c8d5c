// SPDX-License-Identifier: GPL-2.0
/*
 * A System V segment, written by two tasks between iterations and attached
 * twice, next to private memory: the segment is dumped in full like all shared
 * memory, the rest stays tracked. CRIU dumps segments with their IPC namespace,
 * so the tree has one of its own.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "../subject.h"
#include "../worker.h"

#define NR_PAGES 128

static struct region *segment, *private;
static struct worker writer;
static const char *view; /* a second, read-only attachment */
static int id;

/* Odd pages are the worker's to write and check. */
static void leave_to(bool worker)
{
	size_t i;

	for (i = 0; i < NR_PAGES; i++)
		if ((i % 2 == 1) == worker)
			segment->tags[i] = TAG_UNMAPPED;
}

static void write_segment(int n, bool worker)
{
	size_t i;

	for (i = 0; i < 4; i++)
		page_write(segment, (8 * n + 2 * i + worker) % NR_PAGES);
}

static void write_by_worker(int n)
{
	if (n == 0) {
		leave_to(false);
		return;
	}
	write_segment(n, true);
	pages_write_some(private, 0, NR_PAGES, 4);
	if (n > 1)
		expect_region(private, 4);
}

static void attach(void)
{
	size_t len = NR_PAGES * page_size;
	char *start = region_place(len);

	id = shmget(IPC_PRIVATE, len, IPC_CREAT | 0600);
	must(id >= 0);
	must(shmat(id, start, 0) == start);
	view = region_place(len);
	must(shmat(id, view, SHM_RDONLY) == view);
	segment = region_add("segment", start, NR_PAGES, NR_PAGES);
	segment->shared = true;
}

void subject_setup(void)
{
	if (unshare(CLONE_NEWIPC)) {
		must(errno == EPERM);
		skip("an IPC namespace needs root");
	}
	attach();
	private = region_map("private", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(segment, 0, NR_PAGES);
	pages_write(private, 0, NR_PAGES);
	worker_start(&writer, write_by_worker);
	worker_call(&writer, 0);
	leave_to(true);
}

void subject_step(int n)
{
	worker_call(&writer, n);
	write_segment(n, false);
	pages_write_some(private, 0, NR_PAGES, 4);
	expect_region(private, 4);
}

void subject_check(int n)
{
	struct shmid_ds status;

	(void)n;
	worker_call(&writer, WORKER_CHECK);
	must(memcmp(view, segment->start, region_bytes(segment)) == 0);
	must(shmctl(id, IPC_STAT, &status) == 0);
	must(status.shm_nattch == 4);
}
