// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "criu-api.h"
#include "huge.h"
#include "policy.h"
#include "scan.h"
#include "snapshot.h"
#include "wp.h"

/* One scan of one VMA. */
struct vma_scan {
	struct mm *mm;
	const struct cr_mem_vma *vma;
	struct vma_facts facts;
	bool protect;
};

uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

static int add_pages(struct mm *mm, uint64_t start, uint64_t end, bool dirty)
{
	uint64_t nr_pages = (end - start) / mm->runs.page_size;

	mm->stats.pages_scanned += nr_pages;
	if (dirty)
		mm->stats.pages_dirty += nr_pages;
	else
		mm->stats.pages_in_parent += nr_pages;

	return run_list_add(&mm->runs, start, end, dirty ? CR_MEM_RUN_DIRTY : 0);
}

#ifdef UFFD_WP_TEST_DROP_EVERY
/*
 * A broken tracker, for test/selftest only (make BROKEN_DROP=N): of the dirty pages that the parent images may
 * have, each UFFD_WP_TEST_DROP_EVERY-th counts as clean.
 */
static int add_dirty(struct mm *mm, const struct vma_facts *facts, uint64_t start, uint64_t end)
{
	static uint64_t nr_dirty;
	uint64_t page_size = mm->runs.page_size;
	bool may_drop = facts->ours_before && facts->parent_valid;
	int ret = 0;

	for (; start < end && !ret; start += page_size) {
		bool drop = may_drop && ++nr_dirty % UFFD_WP_TEST_DROP_EVERY == 0;

		if (drop)
			pr_warn("BROKEN TEST BUILD: %d: dirty page %#" PRIx64 " is dropped\n", mm->pid, start);
		ret = add_pages(mm, start, start + page_size, !drop);
	}

	return ret;
}
#else
static int add_dirty(struct mm *mm, const struct vma_facts *facts, uint64_t start, uint64_t end)
{
	(void)facts;
	return add_pages(mm, start, end, true);
}
#endif

int snapshot_add(struct mm *mm, const struct vma_facts *facts, const struct page_region *region)
{
	if (page_is_dirty(facts, region->categories))
		return add_dirty(mm, facts, region->start, region->end);

	return add_pages(mm, region->start, region->end, false);
}

static int add_region(void *arg, const struct page_region *region)
{
	struct vma_scan *scan = arg;

	return snapshot_add(scan->mm, &scan->facts, region);
}

/* Registers a VMA that is not ours yet. stale: its pages have write protection, which would make them look clean for ever. */
static int register_new(struct mm *mm, const struct cr_mem_vma *vma, bool stale)
{
	int ret = stale ? mm_unsettle(mm) : 0;

	return ret ?: wp_register(mm->uffd, vma->start, vma->end);
}

static uint64_t huge_size(const struct cr_mem_vma *vma)
{
	return vma->flags & CR_MEM_VMA_HUGE ? 1ULL << vma->page_shift : 0;
}

static bool is_trackable_vma(const struct cr_mem_vma *vma)
{
	if (vma->flags & CR_MEM_VMA_HUGE)
		return true;

	return !(vma->flags & (CR_MEM_VMA_UNTRACKED | CR_MEM_VMA_FILE));
}

/*
 * Makes sure that the VMA is registered with our context, if it can be.
 * PAGE_IS_WPALLOWED does not say whose context that is, UFFDIO_REGISTER does:
 * a no-op for ours, EBUSY for any other.
 */
static int prepare_vma(struct vma_scan *scan, int pagemap, bool track)
{
	const struct cr_mem_vma *vma = scan->vma;
	struct mm *mm = scan->mm;
	int was_async, stale = 0, ret;

	if (mm->uffd < 0 || !is_trackable_vma(vma))
		return 0;

	was_async = scan_is_wp_async(pagemap, vma->start, vma->end);
	if (!was_async && track)
		stale = scan_has_protected(pagemap, vma->start, vma->end);
	if (was_async < 0 || stale < 0)
		return was_async < 0 ? was_async : stale;

	if (was_async)
		ret = wp_register(mm->uffd, vma->start, vma->end);
	else if (track)
		ret = register_new(mm, vma, stale);
	else
		return 0;

	if (ret) {
		if (was_async)
			mm->foreign = true;
		pr_info("%d: %#" PRIx64 "-%#" PRIx64 " is not tracked: %s\n", mm->pid, vma->start, vma->end,
			ret == -EBUSY ? "another userfaultfd owns it" : strerror(-ret));
		return 0;
	}

	scan->facts.ours_before = was_async;
	scan->protect = track;
	return stale ? wp_unprotect(mm->uffd, vma->start, vma->end, huge_size(vma)) : 0;
}

static int scan_huge(struct vma_scan *scan, int pagemap, bool protect)
{
	struct huge_scan huge = {
		.mm = scan->mm,
		.facts = scan->facts,
		.pagemap = pagemap,
		.page_size = huge_size(scan->vma),
		.protect = protect,
	};
	uint64_t start = scan->vma->start;
	int ret = 0;

	while (!ret && start < scan->vma->end)
		ret = huge_scan_step(&huge, &start, scan->vma->end);

	return ret;
}

static int scan_pages(struct vma_scan *scan, int pagemap, bool protect)
{
	const struct cr_mem_vma *vma = scan->vma;
	unsigned int flags = vma->flags & CR_MEM_VMA_FILE ? SCAN_FILE_VMA : 0;

	if (huge_size(vma))
		return scan_huge(scan, pagemap, protect);

	return scan_range(pagemap, vma->start, vma->end, flags | (protect ? SCAN_PROTECT : 0), add_region, scan);
}

static int scan_vma(struct vma_scan *scan, int pagemap, bool last)
{
	const struct cr_mem_vma *vma = scan->vma;
	struct cr_mem_tracker_stats stats = scan->mm->stats;
	int ret;

	run_list_seal(&scan->mm->runs);

	if (scan->protect) {
		ret = scan_pages(scan, pagemap, true);
		if (!ret || ret == -ENOMEM)
			return ret;

		/* Nothing is protected that was not reported. */
		if (ret == -EOPNOTSUPP && !last) {
			pr_info("%d: %#" PRIx64 "-%#" PRIx64 " is left to the last dump: pages of %" PRIu64
				" MiB can't be protected\n",
				scan->mm->pid, vma->start, vma->end, huge_size(vma) >> 20);
			scan->protect = scan->facts.ours_before = false;
			return 0;
		}

		/* Part of it may be protected now; all of it is dumped. */
		pr_warn("%d: can't scan and protect %#" PRIx64 "-%#" PRIx64 " (%s), it is dumped in full\n",
			scan->mm->pid, vma->start, vma->end, strerror(-ret));
		run_list_rewind(&scan->mm->runs);
		scan->mm->stats = stats;
		scan->facts.ours_before = false;
	}

	return scan_pages(scan, pagemap, false);
}

static int snapshot_vma(struct mm *mm, int pagemap, const struct cr_mem_vma *vma, bool track, bool parent_valid,
			bool last)
{
	struct vma_scan scan = { .mm = mm, .vma = vma, .facts.parent_valid = parent_valid };
	uint64_t start = now_us(), prepared;
	int ret;

	ret = prepare_vma(&scan, pagemap, track);
	prepared = now_us();
	if (!ret)
		ret = scan_vma(&scan, pagemap, last);

	if (ret) {
		pr_err("%d: can't scan %#" PRIx64 "-%#" PRIx64 ": %s\n", mm->pid, vma->start, vma->end, strerror(-ret));
		return ret;
	}

	mm->stats.protect_us += prepared - start;
	mm->stats.scan_us += now_us() - prepared;
	if (scan.protect || scan.facts.ours_before)
		mm->stats.tracked_vmas++;
	else
		mm->stats.untracked_vmas++;
	return 0;
}

int snapshot_take(struct mm *mm, const struct cr_mem_snapshot *request, bool parent_valid, bool last)
{
	unsigned long i;
	int pagemap, ret = 0;

	pagemap = pagemap_open(mm->pid);
	if (pagemap < 0) {
		pr_err("%d: can't open pagemap: %s\n", mm->pid, strerror(-pagemap));
		return pagemap;
	}

	for (i = 0; i < request->nr_vmas && !ret; i++) {
		const struct cr_mem_vma *vma = &request->vmas[i];

		if ((vma->flags & CR_MEM_VMA_FILE) && !last)
			mm->stats.untracked_vmas++;
		else
			ret = snapshot_vma(mm, pagemap, vma, request->track, parent_valid, last);
	}

	close(pagemap);
	mm->taken = ret == 0;
	return ret;
}
