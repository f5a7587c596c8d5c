/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What one run knows about one address space. Tasks may share it (vfork,
 * CLONE_VM); a protecting scan is destructive, so it is taken once for all of
 * them.
 */
#ifndef UFFD_WP_MM_H
#define UFFD_WP_MM_H

#include <stdbool.h>
#include <sys/types.h>

#include "keeper-client.h"
#include "runs.h"

struct mm {
	pid_t pid;		/* the task it was met in first */
	struct task_id id;	/* of that task, for the keeper */
	int uffd;		/* our context; -1: not tracked, all pages are dirty */
	char epoch[KEEPER_RUN_ID_SIZE]; /* as committed before this run, "" when there is none */
	bool taken;		/* runs holds the snapshot of this run */
	bool foreign;		/* some of it is registered with a userfaultfd that is not ours */
	bool unsettled;		/* the keeper does not hold the context, see mm_unsettle() */
	bool begun;		/* a live scan of it has begun, see parent_valid */
	bool parent_valid;	/* its clean pages may be left to the parent images */
	struct live *live;	/* of a live scan, see live.h; NULL: there is none */
	struct run_list runs;
	struct cr_mem_tracker_stats stats;
};

/*
 * The address space of the task: the one met before that kcmp(2) says it is,
 * else a new one, not tracked. The entry is the table's. NULL: out of memory,
 * or no such task.
 */
struct mm *mm_of_task(pid_t pid);

/*
 * Mappings are going to be registered that may have stale write protection: an mremap() can leave some where a mapping
 * merged. Such a page may be writable, and look clean for ever. Until that is removed nobody but us holds the context,
 * so that the kernel clears all of it should this process end. The epoch is known in mm only, then. 0 or -errno.
 */
int mm_unsettle(struct mm *mm);

/*
 * From now on tasks may run, and end: entries are compared one by one then,
 * since there is no order between what is there and what is gone.
 */
void mm_tasks_run(void);

/* Calls fn for every address space. */
void mm_for_each(void (*fn)(struct mm *mm));

/* Closes all contexts of ours (the keeper has its own descriptors) and frees everything. */
void mm_free_all(void);

#endif /* UFFD_WP_MM_H */
