// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sparse_pages.h"
#include "zdtmtst.h"

const char *test_doc = "A tree that shares the pages of large sparse mappings takes no more memory after the restore";
const char *test_author = "criu-uffd-wp maintainers";

#ifndef AREA_SIZE
#define AREA_SIZE (20 * TIB)
#endif
#define NR_CHILDREN 3
#define NR_TASKS    (1 + NR_CHILDREN)
#define NR_PAGES    8192
#define STRIDE	    (AREA_SIZE / NR_PAGES)
/*
 * Each task has written every OWN_EVERY-th page after the fork, and only these
 * again. Few: the children share what the parent has changed with each other,
 * and are restored with copies of their own.
 */
#define OWN_EVERY   64
#define MAX_PERCENT 5

static char *area;
static pid_t pids[NR_TASKS];
static unsigned long tags[NR_PAGES];

/* In runs of eight, as heaps have them. */
static char *page_of(int p)
{
	return area + p / 8 * (8 * STRIDE) + p % 8 * PAGE_SIZE;
}

static int own_page(int task)
{
	return lrand48() % (NR_PAGES / OWN_EVERY) * OWN_EVERY + task;
}

static void write_page(int p)
{
	page_renew(page_of(p), &tags[p]);
}

static int turn(int task)
{
	int i, p;

	for (i = 0; i < 16; i++) {
		p = own_page(task);
		if (page_check(page_of(p), tags[p]))
			return 1;
		write_page(p);
	}
	usleep(2000);
	return 0;
}

static int check_all(void)
{
	int p, failed = 0;

	for (p = 0; p < NR_PAGES; p++)
		failed |= page_check(page_of(p), tags[p]);
	return failed;
}

static void take_own_pages(int task)
{
	int p;

	for (p = task; p < NR_PAGES; p += OWN_EVERY)
		write_page(p);
}

static int task_main(int task)
{
	while (test_go())
		if (turn(task))
			return 1;
	return 0;
}

/* A mapping that the parent has not, right below the area: what is shared must be found all the same. */
static int map_own(void)
{
	return mmap(area - PAGE_SIZE, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED;
}

static void child_main(int task, int ready)
{
	if (map_own())
		_exit(1);
	srand48(getpid());
	take_own_pages(task);
	if (write(ready, "", 1) != 1)
		_exit(1);
	close(ready);
	_exit(task_main(task) || check_all());
}

static int start_children(void)
{
	int i, p[2];
	char byte;

	if (pipe(p))
		return pr_perror("pipe");
	for (i = 1; i < NR_TASKS; i++) {
		pids[i] = test_fork();
		if (pids[i] < 0)
			return pr_perror("fork");
		if (!pids[i]) {
			close(p[0]);
			child_main(i, p[1]);
		}
	}
	for (i = 1; i < NR_TASKS; i++)
		if (read(p[0], &byte, 1) != 1)
			return pr_perror("A child is not ready");
	close(p[0]);
	close(p[1]);
	return 0;
}

static int end_children(void)
{
	int i, status, failed = 0;

	for (i = 1; i < NR_TASKS; i++) {
		if (kill(pids[i], SIGTERM) || waitpid(pids[i], &status, 0) != pids[i])
			return pr_perror("Child %d cannot be ended", i);
		if (status)
			failed = fail("Child %d ended with status %#x", i, status);
	}
	return failed;
}

/* What the tree takes of memory, bytes. */
static int tree_pss(unsigned long *pss)
{
	struct area_usage usage;
	int i;

	*pss = 0;
	for (i = 0; i < NR_TASKS; i++) {
		if (area_usage(pids[i], area, area + AREA_SIZE, &usage))
			return 1;
		if (usage.nr_vmas != 1)
			return fail("%lu VMAs in task %d", usage.nr_vmas, i);
		*pss += usage.pss;
	}
	return 0;
}

static int check_pss(unsigned long before)
{
	unsigned long now;

	if (tree_pss(&now))
		return 1;
	test_msg("Pss of the tree: %lu KiB before, %lu KiB now\n", before >> 10, now >> 10);
	if (now > before + before * MAX_PERCENT / 100 || now < before - before * MAX_PERCENT / 100)
		return fail("The tree took %lu KiB, and takes %lu now", before >> 10, now >> 10);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long pss;
	int p, failed;

	test_init(argc, argv);
	area = mmap(NULL, PAGE_SIZE + AREA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (area == MAP_FAILED || munmap(area, PAGE_SIZE))
		return pr_perror("mmap");
	area += PAGE_SIZE;
	if (madvise(area, AREA_SIZE, MADV_NOHUGEPAGE))
		return pr_perror("madvise");
	for (p = 0; p < NR_PAGES; p++)
		write_page(p);
	pids[0] = getpid();
	if (start_children())
		return 1;
	take_own_pages(0);
	if (tree_pss(&pss))
		return 1;

	test_daemon();
	if (task_main(0))
		return 1;

	/* First: to look at memory does not change who has it, but the end of a child does. */
	failed = check_pss(pss);
	failed |= check_all();
	failed |= end_children();
	if (failed)
		return 1;
	pass();
	return 0;
}
