#ifndef __CR_MEM_TRACKER_H__
#define __CR_MEM_TRACKER_H__

#include <stdbool.h>

#include "int.h"
#include "criu-plugin.h"
#include "pagemap-cache.h"

#include "images/vma.pb-c.h"

struct pstree_item;
struct parasite_ctl;
struct vm_area_list;
struct vma_area;
struct mem_dump_ctl;
struct page_run;
struct mem_verify;

/* What --mem-tracker asks for. */
enum mem_tracker_choice {
	MEM_TRACKER_AUTO, /* a plugin's where kernel and plugin are there, else soft-dirty */
	MEM_TRACKER_UFFD_WP,
	MEM_TRACKER_SOFT_DIRTY,
};

/*
 * What a dump has to know about the private memory of one task: which pages
 * have content of their own, and which of them changed since the parent images
 * were made. Addresses are bytes, page-aligned; they are asked for in ascending
 * order.
 */
struct mem_snapshot {
	pid_t pid;
	pmc_t pmc;

	/* Sorted, without overlaps, the plugin's memory. With soft-dirty the pagemap is read instead. */
	const struct cr_mem_run *runs;
	size_t nr_runs;
	size_t pos;

	struct mem_verify *verify; /* --mem-tracker-verify, else NULL */
};

/* What the tracker did in this run, for the stats image; all tasks together. */
struct mem_tracker_totals {
	const char *name; /* NULL: memory is not tracked */
	bool detailed;	  /* the rest is known */
	struct cr_mem_tracker_stats stats;
	u64 attach_us;
};

/* How a tracker is driven. All but missing() may be NULL, "nothing to do"; they return 0 or -1. */
struct mem_tracker {
	const char *name;

	/* Why this tracker cannot be used here; NULL when it can. Starts nothing. */
	const char *(*missing)(void);

	/* Gets ready to track: called once, with plugins loaded, before any task is stopped. */
	int (*init)(bool pre_dump);

	/* Called for each task before its first snapshot. ctl: the parasite in it. */
	int (*attach)(pid_t pid, struct parasite_ctl *ctl);

	/*
	 * Fills the snapshot. parent_run_id: the run that made the parent images; NULL when there
	 * are none that can be relied on, then no page may be left to them.
	 */
	int (*snapshot)(struct mem_snapshot *snap, struct vm_area_list *vmas, const struct mem_dump_ctl *mdc,
			const char *parent_run_id);

	/* The pages of the snapshot were taken: from now on count writes anew. */
	int (*taken)(pid_t pid);

	/* The content of these pages could not be stored: report them as dirty next time. */
	int (*give_back)(pid_t pid, u64 start, u64 nr_pages);

	/* The run is over; ok: all its images are complete. */
	int (*end)(bool ok);

	void (*get_totals)(struct mem_tracker_totals *totals);

	/*
	 * Pages without PROT_READ are part of every snapshot. (With soft-dirty, pre-dumps in read
	 * mode leave them out, and later ones cannot rely on the parent images for them.)
	 */
	bool any_prot;

	/* Private mappings of huge pages are part of every snapshot. (With soft-dirty, pre-dumps leave them out.) */
	bool huge_pages;
};

extern const struct mem_tracker mem_tracker_soft_dirty;
extern const struct mem_tracker mem_tracker_plugin;

/* For feature checks: can memory be tracked at all? */
extern bool mem_tracker_available(void);

/*
 * Picks the tracker that --mem-tracker names. Reports what is missing and returns -1 when
 * there is none; touches neither tasks nor images.
 */
extern int mem_tracker_select(void);

/* Readies the tracker for this dump. A no-op without opts.track_mem. */
extern int mem_tracker_init(bool pre_dump);

extern int mem_tracker_attach(pid_t pid, struct parasite_ctl *ctl);
extern int mem_tracker_taken(pid_t pid);
extern int mem_tracker_give_back(pid_t pid, unsigned long start, unsigned long nr_pages);
extern int mem_tracker_end(bool ok);

/* Can live pre-dumps be made? Says why not. 0 or -1. */
extern int mem_tracker_live_init(void);
/* See the hooks MEM_TRACKER_LIVE_* */
extern int mem_tracker_live_check(pid_t pid);
extern int mem_tracker_live_register(pid_t pid);
extern int mem_tracker_live_scan(struct cr_mem_snapshot *snapshot);
extern void mem_tracker_live_add_stats(const struct cr_mem_snapshot *snapshot);
extern void mem_tracker_get_totals(struct mem_tracker_totals *totals);
extern bool mem_tracker_any_prot(void);
/*
 * Whether pre-dumps have pages of this private VMA, and dumps may leave some of them to the parent images.
 * Not so of aio rings, to which the kernel writes by itself, and of huge pages if the tracker doesn't know about them.
 */
extern bool mem_tracker_follows(const VmaEntry *e);
extern bool mem_tracker_is_plugin(void);
extern bool mem_tracker_is_soft_dirty(void);
extern void mem_tracker_plugin_add_stats(const struct cr_mem_tracker_stats *stats);

/*
 * Takes the snapshot of a stopped task. has_parent: there are parent images of this very task.
 * Has to be released with mem_snapshot_fini().
 */
extern int mem_snapshot_init(struct mem_snapshot *snap, struct pstree_item *item, struct vm_area_list *vmas,
			     const struct mem_dump_ctl *mdc, bool has_parent);
extern void mem_snapshot_fini(struct mem_snapshot *snap);

/*
 * Finds the first run of pages to dump at or after vaddr in the VMA.
 * Returns 1 when there is one, 0 when there is none, and -1 on error.
 */
extern int mem_snapshot_next(struct mem_snapshot *snap, struct vma_area *vma, u64 vaddr, struct page_run *run);

/*
 * --mem-tracker-verify: mem_verify_pages() compares memory of a stopped task with its parent
 * images (img_id: the task's pid in image names), asked for in ascending order. Returns -1 and
 * names pid and address where they differ.
 */
extern struct mem_verify *mem_verify_open(pid_t pid, unsigned long img_id);
/* The same for an object of shared memory: an address is an offset in bytes. fd: the object, the caller's. */
extern struct mem_verify *mem_verify_open_shmem(int fd, unsigned long shmid);
extern int mem_verify_pages(struct mem_verify *v, unsigned long vaddr, unsigned long nr_pages);
extern void mem_verify_close(struct mem_verify *v);

#endif /* __CR_MEM_TRACKER_H__ */
