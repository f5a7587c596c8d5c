// SPDX-License-Identifier: GPL-2.0
#include <linux/kcmp.h>
#include <search.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mm.h"

static void *mms; /* tree(3) of struct mm, in the order of kcmp(2) */

/* kcmp(2) orders kernel objects: 0 equal, 1 less, 2 greater. Both tasks are stopped or at least held by pid. */
static int compare_mms(const void *a, const void *b)
{
	const struct mm *x = a, *y = b;

	if (x->pid == y->pid)
		return 0;

	switch (syscall(SYS_kcmp, x->pid, y->pid, KCMP_VM, 0, 0)) {
	case 0:
		return 0;
	case 1:
		return -1;
	default:
		return 1;
	}
}

struct mm *mm_of_task(pid_t pid)
{
	struct mm *mm, **found;

	mm = calloc(1, sizeof(*mm));
	if (!mm)
		return NULL;

	mm->pid = pid;
	mm->uffd = -1;
	mm->runs.page_size = sysconf(_SC_PAGESIZE);

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
	run_list_free(&mm->runs);
	free(mm);
}

void mm_free_all(void)
{
	tdestroy(mms, free_mm);
	mms = NULL;
}
