// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dma.h"
#include "fds.h"
#include "huge.h"
#include "live.h"
#include "maps.h"
#include "policy.h"
#include "proc.h"
#include "scan.h"
#include "snapshot.h"
#include "wp.h"

/* How often to look again for mappings that move while they are unprotected, or registered. */
#define UNPROTECT_TRIES 20
#define REGISTER_TRIES 5
/* How much to look through at a time for stale protection: 5 ms if all of it is populated. */
#define SETTLE_PIECE (4ULL << 30)

struct live {
	int pagemap;
	struct map_list maps;	/* what to scan */
	size_t pos;		/* the map that is scanned */
	uint64_t next;		/* where to go on in it */
	bool started;		/* maps was read for the scan */
	struct map_list fresh;	/* registered in this run, in any order */
	struct map_list strange; /* of another userfaultfd */
	pid_t *sharers;		/* other tasks with this memory */
	size_t nr_sharers;
};

static struct live *live_of(struct mm *mm)
{
	if (!mm->live) {
		mm->live = calloc(1, sizeof(*mm->live));
		if (mm->live)
			mm->live->pagemap = -1;
	}

	return mm->live;
}

void live_free(struct live *live)
{
	if (!live)
		return;

	if (live->pagemap >= 0)
		close(live->pagemap);
	map_list_free(&live->maps);
	map_list_free(&live->fresh);
	map_list_free(&live->strange);
	free(live->sharers);
	free(live);
}

/* A shadow stack looks like any other anonymous mapping in maps, and the processor writes to it. In doubt there is one. */
static bool has_shadow_stack(pid_t pid)
{
	FILE *f = proc_fopen(pid, "status");
	bool found = false;
	char line[256];

	if (!f)
		return proc_in_doubt();

	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, "x86_Thread_features:", 20) && strstr(line, "shstk");

	fclose(f);
	return found;
}

/* Pages of mappings that could be registered and are not, counted up to max. */
static long count_new_pages(const struct map_list *maps, int pagemap, unsigned long max)
{
	unsigned long found = 0;
	size_t i;

	for (i = 0; i < maps->nr && found < max; i++) {
		const struct map *map = &maps->maps[i];
		long nr;

		if (scan_is_wp_async(pagemap, map->start, map->end))
			continue;

		nr = scan_count(pagemap, map->start, map->end, max - found);
		/* What is gone, or refuses, is not worth a stop. */
		if (nr > 0)
			found += nr;
	}

	return found;
}

/* Whether it is worth to stop the task for what it mapped since the last run. */
static int check_new_pages(struct mm *mm)
{
	struct map_list maps = { 0 };
	int pagemap, ret;
	long nr = 0;

	pagemap = pagemap_open(mm->pid);
	if (pagemap < 0)
		return pagemap;

	ret = map_list_read(&maps, mm->pid);
	if (!ret)
		nr = count_new_pages(&maps, pagemap, NEW_PAGES_WORTH_A_STOP);
	map_list_free(&maps);
	close(pagemap);
	if (ret)
		return ret;

	if (nr < NEW_PAGES_WORTH_A_STOP)
		return 0;

	pr_info("%d has new mappings to register\n", mm->pid);
	return CR_MEM_LIVE_REGISTER;
}

int live_check(struct mm *mm)
{
	struct fd_facts fds;
	const char *dma;

	fds_look(mm->pid, true, &fds);
	dma = dma_possible(mm->pid, &fds);
	if (dma) {
		pr_warn("%d has %s: devices may write to its memory unseen, it is left to the last dump\n", mm->pid, dma);
		return CR_MEM_LIVE_SKIP;
	}

	if (has_shadow_stack(mm->pid)) {
		pr_warn("%d has a shadow stack: it is left to the last dump\n", mm->pid);
		return CR_MEM_LIVE_SKIP;
	}

	if (fds.direct_io || fds.userfaultfd || mm->foreign) {
		pr_warn("%d has %s: it is stopped while its memory is scanned\n", mm->pid,
			fds.direct_io ? "a file open for direct I/O" : "memory with a userfaultfd of its own");
		return CR_MEM_LIVE_REGISTER | CR_MEM_LIVE_STOPPED;
	}

	return check_new_pages(mm);
}

int live_add_sharer(struct mm *mm, pid_t pid)
{
	struct live *live = live_of(mm);
	pid_t *sharers;

	sharers = live ? reallocarray(live->sharers, live->nr_sharers + 1, sizeof(pid)) : NULL;
	if (!sharers)
		return -ENOMEM;

	live->sharers = sharers;
	live->sharers[live->nr_sharers++] = pid;
	return 0;
}

static const char *writes_of_task(pid_t pid, bool ran)
{
	struct fd_facts fds;

	/* To stop a task waits for the end of its synchronous I/O. */
	fds_look(pid, ran, &fds);
	if (dma_possible(pid, &fds))
		return "began asynchronous I/O";

	return fds.direct_io ? "opened a file for direct I/O" : NULL;
}

const char *live_writes_possible(struct mm *mm, bool ran)
{
	const char *found = writes_of_task(mm->pid, ran);
	size_t i;

	for (i = 0; i < mm->live->nr_sharers && !found; i++)
		found = writes_of_task(mm->live->sharers[i], ran);

	return found;
}

/* -EAGAIN: the task runs, and has changed the mapping. */
static int register_map(struct mm *mm, int pagemap, const struct map *map, bool runs)
{
	int was_async, ret;

	was_async = scan_is_wp_async(pagemap, map->start, map->end);
	if (was_async < 0)
		return was_async;
	ret = was_async ? 0 : mm_unsettle(mm);
	if (ret)
		return ret;

	ret = runs ? wp_register_exact(mm->uffd, map->start, map->end) : wp_register(mm->uffd, map->start, map->end);
	if (!ret)
		return was_async ? 0 : map_list_add(&mm->live->fresh, map);
	if (ret == -EAGAIN)
		return ret;

	pr_info("%d: %#" PRIx64 "-%#" PRIx64 " is not tracked: %s\n", mm->pid, map->start, map->end,
		ret == -EBUSY ? "another userfaultfd owns it" : strerror(-ret));
	if (!was_async)
		return 0;
	mm->foreign = true;
	return map_list_add(&mm->live->strange, map);
}

/* -EAGAIN: some of them are not what maps said. */
static int register_maps(struct mm *mm, int pagemap, bool runs)
{
	struct map_list maps = { 0 };
	bool again = false;
	size_t i;
	int ret;

	mm->live->strange.nr = 0;
	ret = map_list_read(&maps, mm->pid);
	for (i = 0; i < maps.nr && !ret; i++) {
		ret = register_map(mm, pagemap, &maps.maps[i], runs);
		if (ret == -EAGAIN) {
			again = true;
			ret = 0;
		}
	}

	map_list_free(&maps);
	return again && !ret ? -EAGAIN : ret;
}

int live_register(struct mm *mm, bool runs)
{
	uint64_t start = now_us();
	int pagemap, ret, tries;

	if (!live_of(mm))
		return -ENOMEM;

	pagemap = pagemap_open(mm->pid);
	if (pagemap < 0)
		return pagemap;

	ret = -EAGAIN;
	for (tries = 0; tries < REGISTER_TRIES && ret == -EAGAIN; tries++)
		ret = register_maps(mm, pagemap, runs);
	/* What changes that fast is left to the last dump. */
	if (ret == -EAGAIN)
		ret = 0;

	close(pagemap);
	mm->stats.protect_us += now_us() - start;
	return ret;
}

/*
 * Makes every page of the range that is ours count as written. The mappings in
 * it change all the time: what is not registered any more carries no protection
 * of ours, but ends the ioctl early.
 */
static int unprotect_all(struct mm *mm, uint64_t start, uint64_t end)
{
	struct map_list maps = { 0 };
	int tries, ret = -EAGAIN;

	for (tries = 0; tries < UNPROTECT_TRIES && ret; tries++) {
		size_t i;

		ret = map_list_read(&maps, mm->pid);
		if (ret)
			break;

		for (i = 0; i < maps.nr && !ret; i++) {
			const struct map *map = &maps.maps[i];
			uint64_t from = map->start > start ? map->start : start;
			uint64_t to = map->end < end ? map->end : end;

			if (from >= to)
				continue;
			if (map->huge_size) {
				from -= from % map->huge_size;
				to = map->end - (map->end - to) / map->huge_size * map->huge_size;
			}
			ret = scan_is_wp_async(mm->live->pagemap, from, to);
			if (ret > 0)
				ret = wp_unprotect(mm->uffd, from, to, map->huge_size);
		}
	}

	map_list_free(&maps);
	return ret == -ESRCH ? 0 : ret;
}

/* In pieces, since an ioctl that finds nothing goes to the end of the range, and the target's own mmap() waits for it. */
static int settle_map(struct mm *mm, const struct map *map)
{
	uint64_t from, to;
	int ret = 0;

	for (from = map->start; from < map->end && !ret; from = to) {
		to = map->end - from > SETTLE_PIECE ? from + SETTLE_PIECE : map->end;
		if (scan_has_protected(mm->live->pagemap, from, to))
			ret = unprotect_all(mm, from, to);
	}

	return ret;
}

int live_settle(struct mm *mm)
{
	const struct map_list *fresh = &mm->live->fresh;
	int ret = 0;
	size_t i;

	mm->live->pagemap = pagemap_open(mm->pid);
	if (mm->live->pagemap < 0)
		return mm->live->pagemap;

	/* By the bounds of the time of registration: what the target moved since is not registered any more. */
	for (i = 0; i < fresh->nr && !ret; i++)
		ret = settle_map(mm, &fresh->maps[i]);

	return ret;
}

struct step {
	struct mm *mm;
	struct vma_facts facts;
};

static int add_region(void *arg, const struct page_region *region)
{
	struct step *step = arg;

	return snapshot_add(step->mm, &step->facts, region);
}

/* As scan_step(), which it is for small pages. Moves live->next on. */
static int scan_piece(struct step *step, const struct map *map)
{
	struct live *live = step->mm->live;
	struct huge_scan scan = {
		.mm = step->mm,
		.facts = step->facts,
		.pagemap = live->pagemap,
		.page_size = map->huge_size,
		.protect = true,
	};

	if (!map->huge_size)
		return scan_step(live->pagemap, &live->next, map->end, SCAN_PROTECT, add_region, step);

	return huge_scan_step(&scan, &live->next, map->end);
}

/* The kernel can't protect what the map has. */
static void leave_out(struct mm *mm, const struct map *map)
{
	pr_info("%d: %#" PRIx64 "-%#" PRIx64 " is left to the last dump: pages of %" PRIu64 " MiB can't be protected\n",
		mm->pid, map->start, map->end, map->huge_size >> 20);
	mm->stats.tracked_vmas--;
	mm->stats.untracked_vmas++;
	mm->live->next = map->end;
}

/* One system call's worth of the map; moves on in it, to its end when it is not ours. */
static int scan_some(struct mm *mm, const struct map *map, bool parent_valid)
{
	struct live *live = mm->live;
	struct step step = {
		.mm = mm,
		/* Also what is new to our context: nothing of it is protected, see live_settle(). */
		.facts = { .ours_before = true, .parent_valid = parent_valid },
	};
	uint64_t from = live->next;
	int ret;

	if (from == map->start) {
		/* An error must not count as "not registered": what is, and is not reported, has to be disowned. */
		int async = scan_is_wp_async(live->pagemap, map->start, map->end);

		if (async < 0)
			return async;
		if (!async) {
			mm->stats.untracked_vmas++;
			live->next = map->end;
			return 0;
		}
		mm->stats.tracked_vmas++;
	}

	ret = scan_piece(&step, map);
	if (!ret || ret == -ENOMEM)
		return ret;
	if (ret == -EOPNOTSUPP) {
		leave_out(mm, map);
		return 0;
	}

	/* The mapping changed: what was protected up to here is not known, and the rest is not what it was. */
	pr_debug("%d: %#" PRIx64 "-%#" PRIx64 " changed (%s)\n", mm->pid, map->start, map->end, strerror(-ret));
	run_list_clear(&mm->runs);
	live->next = map->end;
	return unprotect_all(mm, from, map->end);
}

static int start_scan(struct mm *mm)
{
	struct live *live = live_of(mm);
	int ret;

	if (!live)
		return -ENOMEM;

	if (live->pagemap < 0)
		live->pagemap = pagemap_open(mm->pid);
	if (live->pagemap < 0)
		return live->pagemap;

	ret = map_list_read(&live->maps, mm->pid);
	live->started = true;
	live->next = live->maps.nr ? live->maps.maps[0].start : 0;
	return ret;
}

int live_scan(struct mm *mm, bool parent_valid)
{
	uint64_t start = now_us();
	struct live *live;
	int ret = 0;

	run_list_clear(&mm->runs);
	if (!mm->live || !mm->live->started)
		ret = start_scan(mm);
	live = mm->live;

	while (!ret && !mm->runs.nr && live->pos < live->maps.nr) {
		const struct map *map = &live->maps.maps[live->pos];

		if (live->next < map->end && !map_list_overlaps(&live->strange, map->start, map->end))
			ret = scan_some(mm, map, parent_valid);
		else
			live->next = map->end;

		if (live->next >= map->end && ++live->pos < live->maps.nr)
			live->next = map[1].start;
	}

	mm->stats.scan_us += now_us() - start;
	return ret;
}
