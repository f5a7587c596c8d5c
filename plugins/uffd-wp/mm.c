// SPDX-License-Identifier: GPL-2.0
#include <linux/kcmp.h>
#include <search.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live.h"
#include "mm.h"

static void *mms; /* tree(3) of struct mm, in the order of kcmp(2), or of pids when tasks run */
static bool tasks_run;

/* kcmp(2) orders kernel objects: 0 equal, 1 less, 2 greater. -1: a task is gone. */
static int kcmp_vm(pid_t a, pid_t b)
{
	return syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0);
}

static int compare_mms(const void *a, const void *b)
{
	const struct mm *x = a, *y = b;

	if (x->pid == y->pid)
		return 0;
	if (tasks_run)
		return x->pid < y->pid ? -1 : 1;

	switch (kcmp_vm(x->pid, y->pid)) {
	case 0:
		return 0;
	case 1:
		return -1;
	default:
		return 1;
	}
}

void mm_tasks_run(void)
{
	tasks_run = true;
}

static struct mm *new_mm(pid_t pid)
{
	struct mm *mm;

	mm = calloc(1, sizeof(*mm));
	if (!mm)
		return NULL;

	mm->pid = pid;
	mm->uffd = -1;
	mm->runs.page_size = sysconf(_SC_PAGESIZE);
	return mm;
}

static pid_t wanted;
static struct mm *sharer;

static void find_sharer(struct mm *mm)
{
	if (!sharer && kcmp_vm(wanted, mm->pid) == 0)
		sharer = mm;
}

static struct mm *mm_shared_with(pid_t pid)
{
	wanted = pid;
	sharer = NULL;
	mm_for_each(find_sharer);
	return sharer;
}

struct mm *mm_of_task(pid_t pid)
{
	struct mm *mm, **found;

	mm = tasks_run ? mm_shared_with(pid) : NULL;
	if (mm)
		return mm;

	mm = new_mm(pid);
	if (!mm)
		return NULL;

	found = tsearch(mm, &mms, compare_mms);
	if (!found) {
		free(mm);
		return NULL;
	}

	if (*found != mm)
		free(mm);
	return *found;
}

static void (*each_fn)(struct mm *mm);

static void visit(const void *node, VISIT which, int depth)
{
	(void)depth;
	if (which == postorder || which == leaf)
		each_fn(*(struct mm *const *)node);
}

void mm_for_each(void (*fn)(struct mm *mm))
{
	each_fn = fn;
	twalk(mms, visit);
}

static void free_mm(void *node)
{
	struct mm *mm = node;

	if (mm->uffd >= 0)
		close(mm->uffd);
	live_free(mm->live);
	run_list_free(&mm->runs);
	free(mm);
}

void mm_free_all(void)
{
	tdestroy(mms, free_mm);
	mms = NULL;
	tasks_run = false;
}
