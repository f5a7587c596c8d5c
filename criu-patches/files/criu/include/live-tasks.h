#ifndef __CR_LIVE_TASKS_H__
#define __CR_LIVE_TASKS_H__

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * Tasks that run while they are looked at: they may be gone, or not what they
 * were, whenever something is asked about them.
 */

struct live_task {
	pid_t pid;
	pid_t vpid; /* in its own pid namespace */
	int need;   /* CR_MEM_LIVE_* */
};

struct live_tasks {
	struct live_task *tasks;
	size_t nr;
};

/*
 * Root and its descendants, parents before children, without zombies. Some that are
 * born meanwhile may be missing. 0, or -1 when there is no memory, or no root.
 */
extern int live_tasks_collect(pid_t root, struct live_tasks *tasks);
extern void live_tasks_free(struct live_tasks *tasks);

/* Opens /proc/PID/NAME to read it. NULL, without a word, when it is gone. */
extern FILE *live_task_fopen(pid_t pid, const char *name);

/* State letter as in /proc/PID/stat; 'X' when it is gone. */
extern char live_task_state(pid_t pid);

/*
 * Stops all threads of a running task, and of the others below root that share
 * its memory: its mappings do not change any more. None is changed. They do not
 * wait for any memory to be looked at. One at a time. 0; 1 when the task is gone,
 * not ours to trace or does not stop, then nothing is stopped; -1 on errors.
 */
extern int live_task_stop(pid_t root, pid_t pid);
extern void live_task_resume(void);

#endif /* __CR_LIVE_TASKS_H__ */
