// SPDX-License-Identifier: GPL-2.0
/*
 * CRIU glue: the hooks of the memory tracker. What a run does with a task:
 * attach (its context comes from the keeper, from the kernel by pidfd, or from
 * the parasite), snapshot (register, scan, protect), and at its end commit.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "criu-api.h"

#include "context.h"
#include "dma.h"
#include "fds.h"
#include "keeper-client.h"
#include "live.h"
#include "mm.h"
#include "policy.h"
#include "snapshot.h"
#include "sync.h"
#include "task-lock.h"
#include "wp.h"

#ifndef KEEPER_PATH
#define KEEPER_PATH "/usr/libexec/criu/uffd-wp-keeper"
#endif

static struct {
	int keeper;  /* socket, -1: none, then nothing is tracked */
	int locks;   /* see task-lock.h; open while keeper is */
	bool track;  /* tasks live on after this run */
	bool begun;  /* some task was begun, so there is something to commit */
	bool last;   /* a dump, not a pre-dump */
} run = { .keeper = -1, .locks = -1 };

/* The keeper program: next to the plugin, in libexec of the plugin's prefix, or where it was installed. */
static const char *keeper_path(void)
{
	static const char *const places[] = { "uffd-wp-keeper", "../../libexec/criu/uffd-wp-keeper" };
	static char path[PATH_MAX];
	Dl_info info;
	size_t i;

	if (!dladdr(&run, &info) || !info.dli_fname)
		return KEEPER_PATH;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *slash = strrchr(info.dli_fname, '/');
		int dir = slash ? slash - info.dli_fname + 1 : 0;

		snprintf(path, sizeof(path), "%.*s%s", dir, info.dli_fname, places[i]);
		if (!access(path, X_OK))
			return path;
	}

	return KEEPER_PATH;
}

static int open_locks(void)
{
	run.locks = task_locks_open();
	if (run.locks >= 0)
		return 0;

	pr_err("Can't open " TASK_LOCKS ": %s\n", strerror(-run.locks));
	close(run.keeper);
	run.keeper = -1;
	return run.locks;
}

static int tracker_init(bool track)
{
	const char *why = "";

	run.track = track;
	run.begun = false;
	run.keeper = track ? keeper_connect_or_start(keeper_path(), &why) : keeper_connect(&why);
	if (run.keeper >= 0)
		return open_locks();

	if (track) {
		pr_err("Can't use the keeper of memory tracking contexts (" KEEPER_SOCKET "): %s\n", why);
		return run.keeper;
	}

	/* A last dump does not need to be tracked, and must not fail for it. */
	if (run.keeper == -ENOENT || run.keeper == -ECONNREFUSED)
		pr_info("No keeper runs, all memory is dumped\n");
	else
		pr_warn("Can't use the keeper of memory tracking contexts (" KEEPER_SOCKET "), "
			"all memory is dumped: %s\n", why);
	run.keeper = -1;
	return 0;
}

/* Without its context a task is dumped in full, and cannot be tracked in this run. */
static void detach(struct mm *mm)
{
	if (mm->uffd >= 0)
		close(mm->uffd);
	mm->uffd = -1;
	mm->epoch[0] = '\0';
	mm->unsettled = false;
}

/* 0: attached, or never mind; 1: a new context is needed. */
static int attach_from_keeper(struct mm *mm)
{
	int ret;

	ret = task_id_read(mm->pid, &mm->id);
	if (!ret)
		ret = task_exec_id_read(&mm->id);
	/* Before its epoch is read. */
	if (!ret)
		ret = task_lock(run.locks, &mm->id);
	if (!ret)
		ret = keeper_get(run.keeper, &mm->id, &mm->uffd, mm->epoch);
	if (!ret)
		return 0;

	mm->uffd = -1;
	if (ret == -ENOENT)
		return run.track;

	pr_warn("%d: can't get its context (%s), all memory is dumped\n", mm->pid,
		ret == -EBUSY ? "another criu works on it, maybe one that was killed and is not done yet" : strerror(-ret));
	return 0;
}

static int hand_to_keeper(struct mm *mm)
{
	int pidfd, ret;

	pidfd = syscall(SYS_pidfd_open, mm->pid, 0);
	if (pidfd < 0)
		return -errno;

	ret = keeper_put(run.keeper, &mm->id, mm->uffd, pidfd);
	close(pidfd);
	return ret;
}

static void attach_new(struct mm *mm, int uffd)
{
	int ret;

	if (uffd < 0) {
		pr_warn("%d: can't open a userfaultfd in the task (%s), all memory is dumped\n", mm->pid,
			strerror(-uffd));
		return;
	}

	fcntl(uffd, F_SETFD, FD_CLOEXEC);
	mm->uffd = uffd;

	ret = hand_to_keeper(mm);
	if (ret) {
		pr_warn("%d: the keeper does not take the context (%s), all memory is dumped\n", mm->pid,
			strerror(-ret));
		detach(mm);
	}
}

/* Without a parasite, whether the task runs or not. False: that can't be done here, or not with this task. */
static bool attach_by_pidfd(struct mm *mm)
{
	int uffd = context_open(&mm->id);

	if (uffd < 0) {
		pr_debug("%d: no context by pidfd: %s\n", mm->pid, strerror(-uffd));
		return false;
	}

	attach_new(mm, uffd);
	if (mm->uffd >= 0)
		pr_info("%d: got a context by pidfd, without a parasite\n", mm->pid);
	return true;
}

static int tracker_attach(int pid, const int *uffd)
{
	struct mm *mm;

	if (run.keeper < 0)
		return 0;

	mm = mm_of_task(pid);
	if (!mm)
		return -ENOMEM;

	if (mm->pid != pid) {
		pr_info("%d shares its memory with %d\n", pid, mm->pid);
		return 0;
	}

	if (!uffd)
		return attach_from_keeper(mm) && !attach_by_pidfd(mm);

	attach_new(mm, *uffd);
	return 0;
}

/* Live scans have to know: by looking at a mapping it cannot be seen whose userfaultfd it is registered with. */
static void note_foreign(struct mm *mm)
{
	if (mm->foreign && mm->uffd >= 0)
		keeper_foreign(run.keeper, &mm->id, true);
}

int mm_unsettle(struct mm *mm)
{
	int ret;

	if (mm->unsettled)
		return 0;

	ret = keeper_drop(run.keeper, &mm->id);
	mm->unsettled = ret == 0;
	return ret;
}

/* Nothing in the context is stale any more. Without the keeper it is lost, and the task dumped in full. */
static int settle(struct mm *mm)
{
	int ret;

	if (!mm->unsettled)
		return 0;

	ret = hand_to_keeper(mm);
	if (!ret) {
		mm->unsettled = false;
		note_foreign(mm);
	}
	return ret;
}

/* Tracking that could miss a write of a device is worse than none. */
static bool is_trackable(struct mm *mm)
{
	struct fd_facts fds;
	const char *dma;

	fds_look(mm->pid, false, &fds);
	dma = dma_possible(mm->pid, &fds);
	if (!dma)
		return true;

	pr_warn("%d has %s: devices may write to its memory unseen, all of it is dumped\n", mm->pid, dma);
	detach(mm);
	return false;
}

/*
 * From here on the committed epoch of the task is invalid: pages get protected,
 * and only this run knows which of them were dirty.
 */
static void begin(struct mm *mm, const char *run_id)
{
	int ret;

	ret = keeper_begin(run.keeper, &mm->id, run_id);
	if (!ret) {
		run.begun = true;
		return;
	}

	pr_warn("%d: can't begin with the keeper (%s), all memory is dumped\n", mm->pid, strerror(-ret));
	detach(mm);
}

/* Whether the epoch is that of the parent images; says so when it is not. */
static bool check_parent(const struct mm *mm, const char *parent_run_id)
{
	bool valid = parent_is_valid(mm->epoch, parent_run_id);

	if (parent_run_id && !valid)
		pr_warn("%d: the parent images (run %s) are not those of the last tracked run (%s), "
			"all memory is dumped\n", mm->pid, parent_run_id,
			*mm->epoch ? mm->epoch : "none that is complete");
	return valid;
}

static int tracker_snapshot(struct cr_mem_snapshot *snapshot)
{
	struct mm *mm;
	int ret;

	mm = mm_of_task(snapshot->pid);
	if (!mm)
		return -ENOMEM;

	if (!mm->taken) {
		if (snapshot->track && mm->uffd >= 0 && is_trackable(mm))
			begin(mm, snapshot->run_id);

		ret = snapshot_take(mm, snapshot, check_parent(mm, snapshot->parent_run_id), run.last);
		if (ret)
			return ret;
		if (mm->unsettled && !settle(mm))
			begin(mm, snapshot->run_id);
		note_foreign(mm);
		snapshot->stats = mm->stats;
	}

	snapshot->runs = mm->runs.runs;
	snapshot->nr_runs = mm->runs.nr;
	return 0;
}

static int tracker_give_back(int pid, uint64_t start, uint64_t end)
{
	struct mm *mm = mm_of_task(pid);

	if (!mm)
		return -ENOMEM;
	if (mm->uffd < 0)
		return 0;

	/* Whatever error: the mapping or the whole mm is gone, and with it the protection. */
	wp_unprotect_around(mm->uffd, start, end);
	return 0;
}

/*
 * Live runs. A task that shares its memory with one met before is left out: the
 * scan is destructive, and its result is not kept.
 */
static int check_sharer(struct mm *mm, int pid)
{
	struct fd_facts fds;

	pr_info("%d shares its memory with %d\n", pid, mm->pid);
	fds_look(pid, true, &fds);
	if (fds.direct_io || dma_possible(pid, &fds)) {
		pr_warn("%d, which does, may write to it unseen: %d is left to the last dump\n", pid, mm->pid);
		detach(mm);
	}

	return live_add_sharer(mm, pid) ?: CR_MEM_LIVE_SKIP;
}

/* The mappings of a task that called execve() since its context was opened are not those of the context. */
static bool execed_since(const struct mm *mm)
{
	struct task_id id = mm->id;

	return task_exec_id_read(&id) || memcmp(id.exec_id, mm->id.exec_id, sizeof(id.exec_id));
}

/* runs: and is registered all the same. Without its context, if that fails, the task is left out. 0 or -ENOMEM. */
static int register_mm(struct mm *mm, bool runs)
{
	int ret = execed_since(mm) ? -ESRCH : live_register(mm, runs);

	note_foreign(mm);
	if (!ret || ret == -ENOMEM)
		return ret;

	pr_warn("%d: can't register its memory (%s), it is left to the last dump\n", mm->pid, strerror(-ret));
	detach(mm);
	return 0;
}

/* What is needed of what live_check() asks for, if some can be done at once, while the task runs. */
static int do_what_can_be_done(struct mm *mm, int need)
{
	int ret;

	if (!(need & CR_MEM_LIVE_REGISTER) || (need & (CR_MEM_LIVE_STOPPED | CR_MEM_LIVE_SKIP)) ||
	    !context_registers_exactly())
		return need;

	ret = register_mm(mm, true);
	if (ret)
		return ret;
	if (mm->uffd < 0)
		return CR_MEM_LIVE_SKIP;

	pr_info("%d: registered its memory while it runs\n", mm->pid);
	return need & ~CR_MEM_LIVE_REGISTER;
}

static int tracker_live_check(int pid)
{
	struct mm *mm;
	int ret, new = 0;

	if (run.keeper < 0)
		return CR_MEM_LIVE_SKIP;

	mm_tasks_run();
	mm = mm_of_task(pid);
	if (!mm)
		return -ENOMEM;
	if (mm->pid != pid)
		return check_sharer(mm, pid);

	/* The keeper does not know an unsettled one. */
	if (!mm->unsettled || execed_since(mm)) {
		detach(mm);
		new = attach_from_keeper(mm);
		if (new && !attach_by_pidfd(mm))
			return CR_MEM_LIVE_CONTEXT | CR_MEM_LIVE_REGISTER;
	}
	if (mm->uffd < 0)
		return CR_MEM_LIVE_SKIP;

	if (!mm->unsettled)
		mm->foreign = keeper_foreign(run.keeper, &mm->id, false) != 0;
	ret = live_check(mm);
	if (ret < 0)
		return ret == -ENOMEM ? ret : CR_MEM_LIVE_SKIP;
	/* All that it has mapped is new, however little that is. */
	if (new && !(ret & CR_MEM_LIVE_SKIP))
		ret |= CR_MEM_LIVE_REGISTER;
	return do_what_can_be_done(mm, ret);
}

static int tracker_live_register(int pid)
{
	struct mm *mm = mm_of_task(pid);

	if (!mm)
		return -ENOMEM;
	if (mm->pid != pid || mm->uffd < 0)
		return 0;

	return register_mm(mm, false);
}

/* From here on this run cannot make the task's epoch valid any more: the next dump is a full one. */
static void disown(struct mm *mm, const char *why)
{
	pr_warn("%d %s, all of it is dumped next time\n", mm->pid, why);
	keeper_begin(run.keeper, &mm->id, "disowned");
	detach(mm);
}

static int begin_live(struct mm *mm, const struct cr_mem_snapshot *snapshot)
{
	int ret = mm->unsettled ? live_settle(mm) : 0;

	if (!ret)
		ret = settle(mm);
	if (ret) {
		pr_warn("%d: can't track its memory (%s), it is left to the last dump\n", mm->pid, strerror(-ret));
		detach(mm);
		return ret;
	}

	begin(mm, snapshot->run_id);
	if (mm->uffd < 0)
		return -ESRCH;

	mm->begun = true;
	mm->parent_valid = check_parent(mm, snapshot->parent_run_id);
	return 0;
}

/* snapshot->track: the task runs. */
static int tracker_live_scan(struct cr_mem_snapshot *snapshot)
{
	struct mm *mm = mm_of_task(snapshot->pid);
	const char *dma;
	int ret = 0;

	snapshot->nr_runs = 0;
	if (!mm)
		return -ENOMEM;
	if (mm->pid != snapshot->pid || mm->uffd < 0 || (!mm->begun && begin_live(mm, snapshot)))
		return 0;

	ret = live_scan(mm, mm->parent_valid);
	snapshot->stats = mm->stats;
	if (ret == -ENOMEM)
		return ret;
	if (ret) {
		disown(mm, "changed too fast or ended");
		return 0;
	}

	snapshot->runs = mm->runs.runs;
	snapshot->nr_runs = mm->runs.nr;
	if (mm->runs.nr)
		return 0;

	dma = live_writes_possible(mm, snapshot->track);
	if (dma)
		disown(mm, dma);
	return 0;
}

static int commit(const char *run_id)
{
	int ret;

	ret = sync_directory(criu_get_image_dir());
	if (ret) {
		pr_err("Can't write the images to disk: %s\n", strerror(-ret));
		keeper_abort(run.keeper, run_id);
		return ret;
	}

	ret = keeper_commit(run.keeper, run_id);
	if (ret)
		pr_warn("Can't commit to the keeper (%s), the next dump will be a full one\n", strerror(-ret));
	return 0;
}

static int tracker_end(const char *run_id, bool ok)
{
	int ret = 0;

	if (run.begun && ok)
		ret = commit(run_id);
	else if (run.begun)
		keeper_abort(run.keeper, run_id);

	mm_free_all();
	if (run.keeper >= 0)
		close(run.keeper);
	if (run.locks >= 0)
		close(run.locks);
	run.keeper = run.locks = -1;
	run.begun = false;
	return ret;
}

static int plugin_init(int stage)
{
	run.last = stage == CR_PLUGIN_STAGE__DUMP;
	return 0;
}

CR_PLUGIN_REGISTER("uffd_wp_plugin", plugin_init, cr_plugin_dummy_exit)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__MEM_TRACKER_INIT, tracker_init)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__MEM_TRACKER_ATTACH, tracker_attach)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__MEM_TRACKER_SNAPSHOT, tracker_snapshot)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__MEM_TRACKER_GIVE_BACK, tracker_give_back)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__MEM_TRACKER_END, tracker_end)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__MEM_TRACKER_LIVE_CHECK, tracker_live_check)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__MEM_TRACKER_LIVE_REGISTER, tracker_live_register)
CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__MEM_TRACKER_LIVE_SCAN, tracker_live_scan)
