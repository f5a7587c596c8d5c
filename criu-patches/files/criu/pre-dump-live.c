#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "types.h"
#include "cr_options.h"
#include "crtools.h"
#include "dump.h"
#include "image.h"
#include "live-stopped.h"
#include "live-tasks.h"
#include "live-writer.h"
#include "log.h"
#include "lsm.h"
#include "mem.h"
#include "mem-tracker.h"
#include "namespaces.h"
#include "parasite-syscall.h"
#include "pidfd-store.h"
#include "pre-dump-live.h"
#include "pre-dump-pace.h"
#include "pre-dump-progress.h"
#include "pstree.h"
#include "seccomp.h"
#include "seize.h"
#include "smaps-cache.h"
#include "stats.h"
#include "util.h"
#include "vma.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "pre-dump-live: "

/* To stop the tree */
#define STOP_ATTEMPTS 10
#define STOP_PAUSE_US 20000

/* The pages of one task that was scanned while it was stopped. */
struct scanned {
	struct cr_mem_run *runs;
	size_t nr;
};

static int check_tasks(struct live_tasks *tasks)
{
	size_t i;

	for (i = 0; i < tasks->nr; i++) {
		struct live_task *t = &tasks->tasks[i];

		pre_dump_pace(0);
		t->need = mem_tracker_live_check(t->pid);
		if (t->need < 0)
			return -1;

		/* Nothing of theirs changes, so that nothing is lost; and they are not to be woken. */
		if (t->need && strchr("Tt", live_task_state(t->pid))) {
			pr_info("%d is stopped, it is left out\n", t->pid);
			t->need = CR_MEM_LIVE_SKIP;
		}
	}

	return 0;
}

static bool some_need(const struct live_tasks *tasks, int need)
{
	size_t i;

	for (i = 0; i < tasks->nr; i++)
		if (tasks->tasks[i].need & need)
			return true;

	return false;
}

static bool some_tracked(const struct live_tasks *tasks)
{
	size_t i;

	for (i = 0; i < tasks->nr; i++)
		if (!(tasks->tasks[i].need & CR_MEM_LIVE_CONTEXT))
			return true;

	return false;
}

/* Opens a context in the task by a parasite. The task is stopped. */
static int attach_task(struct pstree_item *item)
{
	pid_t pid = item->pid->real;
	struct parasite_ctl *ctl;
	struct vm_area_list vmas;
	int ret = -1;

	vm_area_list_init(&vmas);
	if (collect_mappings(pid, &vmas, NULL)) {
		pr_err("Collect mappings (pid: %d) failed\n", pid);
		return -1;
	}

	ctl = parasite_infect_seized(pid, item, &vmas);
	if (!ctl) {
		pr_err("Can't infect (pid: %d) with parasite\n", pid);
		goto out;
	}

	ret = mem_tracker_attach(pid, ctl);
	if (compel_cure(ctl)) {
		pr_err("Can't cure (pid: %d) from parasite\n", pid);
		ret = -1;
	}
out:
	free_mappings(&vmas);
	return ret;
}

/* All tasks are stopped: gives those a context that have none, and registers what they have mapped. */
static int attach_stopped_tasks(void)
{
	struct pstree_item *item;

	for_each_pstree_item(item) {
		int need;

		if (item->pid->state != TASK_ALIVE)
			continue;

		/* Anew: this may not be what was seen of it while it ran. */
		need = mem_tracker_live_check(item->pid->real);
		if (need < 0)
			return -1;
		if ((need & CR_MEM_LIVE_CONTEXT) && attach_task(item))
			return -1;
		if ((need & CR_MEM_LIVE_REGISTER) && mem_tracker_live_register(item->pid->real))
			return -1;
	}

	return 0;
}

static int reset_pstree(pid_t root)
{
	pstree_switch_state(root_item, TASK_ALIVE);
	seccomp_free_entries();
	free_pstree(root_item);

	root_item = alloc_pstree_item();
	if (!root_item)
		return -1;
	root_item->pid->real = root;
	return 0;
}

/* A task that is just ending is in the way; at the next attempt it is gone. 0, -1, or 1 if the tree can't be stopped. */
static int stop_tree(pid_t root)
{
	int attempt;

	for (attempt = 1; collect_pstree(); attempt++) {
		timing_stop(TIME_FREEZING);
		/* Who did not stop in time can't be let go but by the end of this process. */
		if (alarm_timeouted() || reset_pstree(root))
			return -1;
		if (attempt == STOP_ATTEMPTS || strchr("ZX", live_task_state(root)))
			return 1;
		pr_info("The tasks can't be stopped now, trying again\n");
		usleep(STOP_PAUSE_US);
	}

	return 0;
}

static int note_tree_stopped(void)
{
	struct pstree_item *item;

	for_each_pstree_item(item)
		if (item->pid->state == TASK_ALIVE && live_stopped_add(item->pid->real))
			return -1;

	return 0;
}

/* One short stop of the whole tree. 0, -1, or 1 if it can't be stopped. */
static int attach_tasks(pid_t root)
{
	int ret;

	smaps_cache_fill(root);

	pre_dump_pace_hurry(true);
	live_stopped_begin();
	ret = stop_tree(root);
	if (ret)
		goto out;

	/* What the infection asks for: the network namespace, for the parasite's socket, and LSM profiles */
	ret = -1;
	if (!collect_pstree_ids_predump() && collect_namespaces(false) >= 0 && !collect_and_suspend_lsm())
		ret = attach_stopped_tasks();

	if (arch_set_thread_regs(root_item, false))
		ret = -1;
	pstree_switch_state(root_item, TASK_ALIVE);
	timing_stop(TIME_FROZEN);

	if (note_tree_stopped() || unsuspend_lsm())
		ret = -1;
	seccomp_free_entries();
out:
	pre_dump_pace_hurry(false);
	smaps_cache_free();
	return ret;
}

/* Those that have no context are left out; it is an error only if there is no other. */
static int attach_and_check(pid_t root, struct live_tasks *tasks)
{
	int ret = attach_tasks(root);

	if (ret < 0)
		return -1;

	/* Those that were born meanwhile have a context, too. */
	live_tasks_free(tasks);
	if (live_tasks_collect(root, tasks) || check_tasks(tasks))
		return -1;

	if (ret && !some_tracked(tasks)) {
		pr_err("The tasks can't be stopped to track their memory\n");
		return -1;
	}

	if (ret)
		pr_warn("New tasks can't be stopped to track their memory, they are left to the next dump\n");
	return 0;
}

/* 0, -1, or 1 if it can't be stopped */
static int stop_task(pid_t pid)
{
	int ret;

	pre_dump_pace_hurry(true);
	timing_start(TIME_FROZEN);
	live_stopped_begin();
	ret = live_task_stop(root_item->pid->real, pid);
	if (ret) {
		timing_stop(TIME_FROZEN);
		pre_dump_pace_hurry(false);
	}
	return ret;
}

static int resume_task(pid_t pid)
{
	live_task_resume();
	timing_stop(TIME_FROZEN);
	pre_dump_pace_hurry(false);
	return live_stopped_add(pid);
}

/* Only the tasks that need it, one by one; the others run on. */
static int register_task(struct live_task *t)
{
	int ret = stop_task(t->pid);

	if (ret)
		return ret < 0 ? -1 : 0;

	ret = mem_tracker_live_register(t->pid);
	return resume_task(t->pid) || ret ? -1 : 0;
}

static int register_tasks(struct live_tasks *tasks)
{
	size_t i;

	for (i = 0; i < tasks->nr; i++) {
		struct live_task *t = &tasks->tasks[i];

		if ((t->need & CR_MEM_LIVE_REGISTER) && !(t->need & CR_MEM_LIVE_STOPPED) && register_task(t))
			return -1;
	}

	return 0;
}

static int keep_runs(struct scanned *scanned, const struct cr_mem_snapshot *s)
{
	if (xrealloc_safe(&scanned->runs, (scanned->nr + s->nr_runs) * sizeof(*s->runs)))
		return -1;

	memcpy(scanned->runs + scanned->nr, s->runs, s->nr_runs * sizeof(*s->runs));
	scanned->nr += s->nr_runs;
	return 0;
}

static int scan_stopped(struct cr_mem_snapshot *s, struct scanned *scanned)
{
	int ret = stop_task(s->pid);

	if (ret)
		return ret < 0 ? -1 : 0;

	ret = mem_tracker_live_register(s->pid);
	while (!ret) {
		ret = mem_tracker_live_scan(s);
		if (ret || !s->nr_runs)
			break;
		ret = keep_runs(scanned, s);
	}

	return resume_task(s->pid) ? -1 : ret;
}

static int dump_stopped(struct cr_mem_snapshot *s, struct live_writer *w)
{
	struct scanned scanned = {};
	int ret;

	s->track = false;
	ret = scan_stopped(s, &scanned);
	if (!ret)
		ret = live_writer_add(w, scanned.runs, scanned.nr);

	xfree(scanned.runs);
	return ret;
}

static int dump_running(struct cr_mem_snapshot *s, struct live_writer *w)
{
	int ret;

	s->track = true;
	do {
		ret = mem_tracker_live_scan(s);
		if (!ret)
			ret = live_writer_add(w, s->runs, s->nr_runs);
		pre_dump_pace(0);
	} while (!ret && s->nr_runs);

	return ret;
}

static int dump_task(struct live_task *t, const InventoryEntry *parent_ie)
{
	struct cr_mem_snapshot s = { .pid = t->pid, .run_id = criu_run_id };
	struct live_writer *w;
	int ret;

	pr_info("Pre-dumping %d, which is %d\n", t->pid, t->vpid);

	/* For the next run, which looks whether the pid is another task's then */
	if (pidfd_store_add(t->pid))
		return live_task_state(t->pid) == 'X' ? 0 : -1;

	w = live_writer_open(t->pid, t->vpid);
	if (!w)
		return -1;

	if (live_writer_has_parent(w) && opts.img_parent && parent_ie)
		s.parent_run_id = parent_ie->dump_criu_run_id;

	ret = t->need & CR_MEM_LIVE_STOPPED ? dump_stopped(&s, w) : dump_running(&s, w);
	mem_tracker_live_add_stats(&s);

	if (live_writer_close(w))
		ret = -1;
	return ret;
}

static int dump_tasks(struct live_tasks *tasks, const InventoryEntry *parent_ie)
{
	size_t i;

	for (i = 0; i < tasks->nr; i++) {
		struct live_task *t = &tasks->tasks[i];

		if (!(t->need & (CR_MEM_LIVE_SKIP | CR_MEM_LIVE_CONTEXT)) && dump_task(t, parent_ie))
			return -1;
	}

	return 0;
}

int pre_dump_live(pid_t root, const InventoryEntry *parent_ie)
{
	struct live_tasks tasks = {};
	int ret = -1;

	if (live_tasks_collect(root, &tasks))
		return -1;

	if (check_tasks(&tasks))
		goto out;

	if (some_need(&tasks, CR_MEM_LIVE_CONTEXT)) {
		/* Only with a context can it be said what else they need */
		if (attach_and_check(root, &tasks))
			goto out;
	} else if (register_tasks(&tasks)) {
		goto out;
	}

	pre_dump_progress_begin(&tasks, opts.img_parent ? parent_ie : NULL);
	ret = dump_tasks(&tasks, parent_ie);
out:
	live_tasks_free(&tasks);
	return ret;
}
