#include <string.h>

#include "cr_options.h"
#include "kerndat.h"
#include "log.h"
#include "mem.h"
#include "mem-tracker.h"
#include "page.h"
#include "pstree.h"
#include "vma.h"

#undef LOG_PREFIX
#define LOG_PREFIX "mem-tracker: "

static const char *soft_dirty_missing(void)
{
	return kdat.has_dirty_track ? NULL : "the kernel is built without CONFIG_MEM_SOFT_DIRTY";
}

static int soft_dirty_taken(pid_t pid)
{
	/* 1 stands for "no soft-dirty in this kernel", which missing() ruled out */
	return do_task_reset_dirty_track(pid) ? -1 : 0;
}

const struct mem_tracker mem_tracker_soft_dirty = {
	.name = "soft-dirty",
	.missing = soft_dirty_missing,
	.taken = soft_dirty_taken,
};

/* In the order in which --mem-tracker auto tries them. */
static const struct mem_tracker *const trackers[] = {
	[MEM_TRACKER_UFFD_WP - 1] = &mem_tracker_plugin,
	[MEM_TRACKER_SOFT_DIRTY - 1] = &mem_tracker_soft_dirty,
};

/* NULL: memory is not tracked, all of it is dumped. */
static const struct mem_tracker *tracker;

static const struct mem_tracker *first_that_works(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(trackers); i++)
		if (!trackers[i]->missing())
			return trackers[i];

	return NULL;
}

bool mem_tracker_available(void)
{
	return first_that_works() != NULL;
}

static int report_missing(const struct mem_tracker *t)
{
	const char *missing = t->missing();

	if (!missing)
		return 0;

	pr_err("Memory can't be tracked by %s: %s\n", t->name, missing);
	return -1;
}

int mem_tracker_select(void)
{
	int i;

	if (opts.mem_tracker != MEM_TRACKER_AUTO) {
		tracker = trackers[opts.mem_tracker - 1];
		return report_missing(tracker);
	}

	tracker = first_that_works();
	if (tracker)
		return 0;

	for (i = 0; i < ARRAY_SIZE(trackers); i++)
		report_missing(trackers[i]);
	pr_err("Tracking memory is not available. Consider omitting --track-mem option.\n");
	return -1;
}

int mem_tracker_init(bool pre_dump)
{
	if (!opts.track_mem)
		return 0;

	if (mem_tracker_select())
		return -1;

	if (tracker->init && tracker->init(pre_dump)) {
		/* Nothing was touched so far: without a wish for this very tracker, the other one may do. */
		if (opts.mem_tracker != MEM_TRACKER_AUTO || tracker == &mem_tracker_soft_dirty ||
		    mem_tracker_soft_dirty.missing()) {
			pr_err("Can't track memory by %s\n", tracker->name);
			tracker = NULL;
			return -1;
		}

		pr_warn("Can't track memory by %s, soft-dirty is used\n", tracker->name);
		tracker = &mem_tracker_soft_dirty;
	}

	pr_info("Memory is tracked by %s\n", tracker->name);
	return 0;
}

int mem_tracker_attach(pid_t pid, struct parasite_ctl *ctl)
{
	return tracker && tracker->attach ? tracker->attach(pid, ctl) : 0;
}

int mem_tracker_taken(pid_t pid)
{
	return tracker && tracker->taken ? tracker->taken(pid) : 0;
}

int mem_tracker_give_back(pid_t pid, unsigned long start, unsigned long nr_pages)
{
	return tracker && tracker->give_back ? tracker->give_back(pid, start, nr_pages) : 0;
}

int mem_tracker_end(bool ok)
{
	return tracker && tracker->end ? tracker->end(ok) : 0;
}

void mem_tracker_get_totals(struct mem_tracker_totals *totals)
{
	memset(totals, 0, sizeof(*totals));
	if (!tracker)
		return;

	totals->name = tracker->name;
	if (tracker->get_totals)
		tracker->get_totals(totals);
}

bool mem_tracker_is_plugin(void)
{
	return tracker == &mem_tracker_plugin;
}

bool mem_tracker_is_soft_dirty(void)
{
	return tracker == &mem_tracker_soft_dirty;
}

bool mem_tracker_any_prot(void)
{
	return tracker && tracker->any_prot;
}

bool mem_tracker_follows(const VmaEntry *e)
{
	if (vma_entry_is(e, VMA_AREA_AIORING))
		return false;
	if (!(e->flags & MAP_HUGETLB))
		return true;

	return vma_entry_is(e, VMA_ANON_PRIVATE) && tracker && tracker->huge_pages;
}

int mem_snapshot_init(struct mem_snapshot *snap, struct pstree_item *item, struct vm_area_list *vmas,
		      const struct mem_dump_ctl *mdc, bool has_parent)
{
	const char *parent_run_id = NULL;
	unsigned long pmc_size;

	memset(snap, 0, sizeof(*snap));
	snap->pid = item->pid->real;

	pmc_size = max(vmas->nr_priv_pages_longest, vmas->nr_shared_pages_longest);
	if (pmc_init(&snap->pmc, snap->pid, &vmas->h, pmc_size * PAGE_SIZE))
		return -1;

	if (opts.mem_tracker_verify && tracker && has_parent) {
		snap->verify = mem_verify_open(snap->pid, vpid(item));
		if (!snap->verify)
			goto err;
	}

	if (!tracker || !tracker->snapshot)
		return 0;

	if (has_parent && opts.img_parent && mdc->parent_ie)
		parent_run_id = mdc->parent_ie->dump_criu_run_id;

	if (tracker->snapshot(snap, vmas, mdc, parent_run_id))
		goto err;

	return 0;

err:
	mem_snapshot_fini(snap);
	return -1;
}

void mem_snapshot_fini(struct mem_snapshot *snap)
{
	mem_verify_close(snap->verify);
	pmc_fini(&snap->pmc);
}

/* Without PAGEMAP_SCAN it takes seconds to find out in the pagemap that there is nothing in a TiB. */
static bool has_no_pages(struct vma_area *vma)
{
	return vma->no_rss && vma->no_swap && !(vma->e->flags & MAP_HUGETLB) && !should_dump_entire_vma(vma->e);
}

/* Where no tracker takes snapshots the pagemap is read on the way. */
static int next_from_pagemap(struct mem_snapshot *snap, struct vma_area *vma, u64 vaddr, struct page_run *run)
{
	if (!snap->pmc.regs && has_no_pages(vma))
		return 0;

	if (vaddr == vma->e->start && pmc_get_map(&snap->pmc, vma))
		return -1;

	return next_page_run(&snap->pmc, vma->e, vaddr, run);
}

static inline u64 run_end(const struct cr_mem_run *run)
{
	return run->start + run->nr_pages * PAGE_SIZE;
}

static int next_from_runs(struct mem_snapshot *snap, u64 vaddr, u64 end, struct page_run *run)
{
	const struct cr_mem_run *r;

	while (snap->pos < snap->nr_runs && run_end(&snap->runs[snap->pos]) <= vaddr)
		snap->pos++;

	r = &snap->runs[snap->pos];
	if (snap->pos == snap->nr_runs || r->start >= end)
		return 0;

	run->start = max((u64)r->start, vaddr);
	run->nr_pages = (min(run_end(r), end) - run->start) / PAGE_SIZE;
	run->dirty = r->flags & CR_MEM_RUN_DIRTY;
	return 1;
}

int mem_snapshot_next(struct mem_snapshot *snap, struct vma_area *vma, u64 vaddr, struct page_run *run)
{
	if (!tracker || !tracker->snapshot)
		return next_from_pagemap(snap, vma, vaddr, run);

	if (should_dump_entire_vma(vma->e)) {
		run->start = vaddr;
		run->nr_pages = (vma->e->end - vaddr) / PAGE_SIZE;
		run->dirty = true;
		return vaddr < vma->e->end;
	}

	return next_from_runs(snap, vaddr, vma->e->end, run);
}
