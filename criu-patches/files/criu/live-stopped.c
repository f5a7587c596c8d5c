#include <time.h>

#include "int.h"
#include "live-stopped.h"
#include "util.h"
#include "xmalloc.h"

static TaskStoppedEntry **entries;
static size_t nr;
static struct timespec begin;

void live_stopped_begin(void)
{
	clock_gettime(CLOCK_MONOTONIC, &begin);
}

static TaskStoppedEntry *entry_of(pid_t pid)
{
	TaskStoppedEntry *e;
	size_t i;

	for (i = 0; i < nr; i++)
		if (entries[i]->pid == pid)
			return entries[i];

	if (xrealloc_safe(&entries, (nr + 1) * sizeof(*entries)))
		return NULL;

	e = xmalloc(sizeof(*e));
	if (!e)
		return NULL;

	task_stopped_entry__init(e);
	e->pid = pid;
	entries[nr++] = e;
	return e;
}

int live_stopped_add(pid_t pid)
{
	TaskStoppedEntry *e = entry_of(pid);
	struct timespec now;

	if (!e)
		return -1;

	clock_gettime(CLOCK_MONOTONIC, &now);
	e->time += (now.tv_sec - begin.tv_sec) * USEC_PER_SEC + (now.tv_nsec - begin.tv_nsec) / 1000;
	return 0;
}

void live_stopped_encode(DumpStatsEntry *ds)
{
	ds->tasks_stopped = entries;
	ds->n_tasks_stopped = nr;
}
