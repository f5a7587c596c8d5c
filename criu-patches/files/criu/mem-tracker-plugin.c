#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "cr_options.h"
#include "hugetlb.h"
#include "kerndat.h"
#include "linux/userfaultfd.h"
#include "log.h"
#include "mem.h"
#include "mem-tracker.h"
#include "page.h"
#include "parasite-syscall.h"
#include "plugin.h"
#include "pstree.h"
#include "stats.h"
#include "util.h"
#include "vma.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "mem-tracker: "

static struct mem_tracker_totals totals = { .detailed = true };

/* Set between a successful INIT and END, so that END runs once, with plugins loaded. */
static bool started;

static const char *plugin_missing(void)
{
	if (!(kdat.uffd_features & UFFD_FEATURE_WP_ASYNC))
		return "the kernel lacks UFFD_FEATURE_WP_ASYNC (Linux 6.7 has it on x86_64, 6.10 on arm64; "
		       "needs CONFIG_USERFAULTFD and CONFIG_PTE_MARKER_UFFD_WP)";
	if (!kdat.has_pagemap_scan)
		return "the kernel lacks the PAGEMAP_SCAN ioctl (Linux 6.7 has it)";
	if (!cr_plugin_provides(CR_PLUGIN_HOOK__MEM_TRACKER_SNAPSHOT))
		return "no plugin for it in the plugin directory (see --libdir)";

	return NULL;
}

/*
 * Pre-dumped tasks live on, and so do dumped ones if they are left running or stopped.
 * Tracking is not touched in tasks that will be killed: if the dump fails after all,
 * it can be tried again with the same parent images.
 */
static bool tasks_live_on(bool pre_dump)
{
	return pre_dump || opts.final_state != TASK_DEAD;
}

static int plugin_init(bool pre_dump)
{
	int ret = run_plugins(MEM_TRACKER_INIT, tasks_live_on(pre_dump));

	started = ret == 0;
	return ret ? -1 : 0;
}

static u64 now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

static int plugin_attach(pid_t pid, struct parasite_ctl *ctl)
{
	u64 start = now_us();
	int ret, uffd;

	ret = run_plugins(MEM_TRACKER_ATTACH, pid, NULL);
	if (ret == 1) {
		uffd = parasite_open_uffd_seized(ctl, UFFD_FEATURE_WP_ASYNC);
		ret = run_plugins(MEM_TRACKER_ATTACH, pid, &uffd);
	}

	totals.attach_us += now_us() - start;

	if (ret)
		pr_err("Can't attach to %d: %d\n", pid, ret);
	return ret ? -1 : 0;
}

static u32 vma_flags(VmaEntry *e)
{
	u32 flags = 0;

	if (vma_entry_is(e, VMA_FILE_PRIVATE))
		flags |= CR_MEM_VMA_FILE;
	/* The kernel writes to aio rings by itself. */
	if (vma_entry_is(e, VMA_AREA_AIORING) || vma_entry_is(e, VMA_AREA_SHSTK) || (e->flags & MAP_HUGETLB))
		flags |= CR_MEM_VMA_UNTRACKED;

	return flags;
}

static void fill_vma(struct cr_mem_vma *vma, VmaEntry *e)
{
	unsigned long huge_size = get_size_from_hugetlb_flag(e->flags & MAP_HUGETLB_SIZE_MASK);

	*vma = (struct cr_mem_vma){ .start = e->start, .end = e->end, .flags = vma_flags(e) };

	if ((e->flags & MAP_HUGETLB) && mem_tracker_follows(e) && huge_size != -1UL) {
		vma->flags |= CR_MEM_VMA_HUGE;
		vma->page_shift = __builtin_ctzl(huge_size);
	}
}

void mem_tracker_plugin_add_stats(const struct cr_mem_tracker_stats *s)
{
	totals.stats.tracked_vmas += s->tracked_vmas;
	totals.stats.untracked_vmas += s->untracked_vmas;
	totals.stats.pages_scanned += s->pages_scanned;
	totals.stats.pages_dirty += s->pages_dirty;
	totals.stats.pages_in_parent += s->pages_in_parent;
	totals.stats.scan_us += s->scan_us;
	totals.stats.protect_us += s->protect_us;
}

static void plugin_get_totals(struct mem_tracker_totals *t)
{
	const char *name = t->name;

	*t = totals;
	t->name = name;
}

static int plugin_snapshot(struct mem_snapshot *snap, struct vm_area_list *list, const struct mem_dump_ctl *mdc,
			   const char *parent_run_id)
{
	struct cr_mem_snapshot s = {
		.pid = snap->pid,
		.run_id = criu_run_id,
		.parent_run_id = parent_run_id,
		.track = tasks_live_on(mdc->pre_dump),
	};
	struct cr_mem_vma *vmas;
	struct vma_area *vma;
	int ret;

	vmas = xmalloc((list->nr + 1) * sizeof(*vmas));
	if (!vmas)
		return -1;

	list_for_each_entry(vma, &list->h, list) {
		if (vma_area_is(vma, VMA_AREA_GUARD) || vma_area_is(vma, VMA_ANON_SHARED))
			continue;
		if (!should_dump_vma(vma, mdc->pre_dump) || should_dump_entire_vma(vma->e))
			continue;

		fill_vma(&vmas[s.nr_vmas++], vma->e);
	}

	s.vmas = vmas;
	ret = run_plugins(MEM_TRACKER_SNAPSHOT, &s);
	xfree(vmas);
	if (ret) {
		pr_err("Can't take a snapshot of %d: %d\n", snap->pid, ret);
		return -1;
	}

	mem_tracker_plugin_add_stats(&s.stats);
	snap->runs = s.runs;
	snap->nr_runs = s.nr_runs;
	return 0;
}

static int plugin_give_back(pid_t pid, u64 start, u64 nr_pages)
{
	int ret = run_plugins(MEM_TRACKER_GIVE_BACK, pid, start, start + nr_pages * PAGE_SIZE);

	return ret == 0 || ret == -ENOTSUP ? 0 : -1;
}

static int plugin_end(bool ok)
{
	if (!started)
		return 0;

	started = false;
	return run_plugins(MEM_TRACKER_END, criu_run_id, ok) ? -1 : 0;
}

const struct mem_tracker mem_tracker_plugin = {
	.name = "uffd-wp",
	.missing = plugin_missing,
	.init = plugin_init,
	.attach = plugin_attach,
	.snapshot = plugin_snapshot,
	.give_back = plugin_give_back,
	.end = plugin_end,
	.get_totals = plugin_get_totals,
	.any_prot = true,
	.huge_pages = true,
};
