#include <stdlib.h>
#include <sys/mman.h>

#include "common/list.h"
#include "image.h"
#include "kerndat.h"
#include "log.h"
#include "premap-area.h"
#include "proc_parse.h"
#include "pstree.h"
#include "rst_info.h"
#include "vma.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "premap: "

/* Next to CRIU's own mappings, as its heap and its stack grow; in bytes. */
#define OWN_ROOM (16UL << 20)
/* In how many parts the restorer has to move a vma whose final place overlaps. */
#define MAX_PARTS 16
/* Of the largest page tables that mremap(2) moves as a whole, in bytes. */
#define TABLE_SPAN (1UL << 30)

struct ranges {
	struct vma_run *r;
	size_t nr;
	size_t size;
};

static int add_range(struct ranges *rs, unsigned long start, unsigned long end)
{
	if (start >= kdat.task_size) /* vsyscall */
		return 0;

	if (rs->nr == rs->size) {
		size_t size = rs->size ? 2 * rs->size : 256;
		struct vma_run *r = xrealloc(rs->r, size * sizeof(*r));

		if (!r)
			return -1;
		rs->r = r;
		rs->size = size;
	}

	rs->r[rs->nr++] = (struct vma_run){ .start = start, .end = end };
	return 0;
}

static int add_mapped(struct ranges *rs)
{
	struct vm_area_list vmas;
	struct vma_area *vma;
	int ret = -1;

	if (parse_self_maps_lite(&vmas))
		goto out;

	list_for_each_entry(vma, &vmas.h, list) {
		unsigned long start = vma->e->start, end = vma->e->end;

		if (add_range(rs, start > OWN_ROOM ? start - OWN_ROOM : 0, end + OWN_ROOM))
			goto out;
	}
	ret = 0;
out:
	free_mappings(&vmas);
	return ret;
}

/* What t, and those of its descendants that may inherit from it, map in the end. Without except, if it is given. */
static int add_final(struct ranges *rs, struct pstree_item *t, struct vma_area *except)
{
	struct pstree_item *child;
	struct vma_area *vma;

	list_for_each_entry(vma, &rsti(t)->vmas.h, list) {
		if (vma_area_is(vma, VMA_AREA_GUARD))
			break; /* these are at the end */
		if (except && vma->e->start == except->e->start && vma->e->end == except->e->end)
			continue;
		if (add_range(rs, vma->e->start, vma->e->end))
			return -1;
	}

	list_for_each_entry(child, &t->children, sibling) {
		/* As in prepare_cow_vmas() */
		if (!rsti(child)->vmas.nr || rsti(child)->mm->exe_file_id != rsti(t)->mm->exe_file_id)
			continue;
		if (add_final(rs, child, except))
			return -1;
	}

	return 0;
}

int compare_vma_runs(const void *a, const void *b)
{
	const struct vma_run *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static unsigned long distance(unsigned long a, unsigned long b)
{
	return a > b ? a - b : b - a;
}

/*
 * The highest place in the hole from start to end; with vma the one at that end of the hole
 * that is further away from it, so that whole page tables can be moved.
 */
static unsigned long place_in_hole(unsigned long start, unsigned long end, unsigned long len, struct vma_area *vma)
{
	unsigned long low = start, high = end - len;

	if (!vma)
		return high;

	if (high - low >= TABLE_SPAN) {
		low += (vma->e->start - low) % TABLE_SPAN;
		high -= (high - vma->e->start) % TABLE_SPAN;
	}

	return distance(high, vma->e->start) > distance(low, vma->e->start) ? high : low;
}

/*
 * The highest there is, 0 if there is none. A vma with pages keeps the offset (vm_pgoff) of where it
 * was premapped, and one that grows down can't do so by more pages than that: expand_downwards() of
 * the kernel.
 */
static unsigned long find_place(struct ranges *rs, unsigned long len, struct vma_area *vma)
{
	unsigned long pos = kdat.mmap_min_addr, found = 0;
	size_t i;

	qsort(rs->r, rs->nr, sizeof(*rs->r), compare_vma_runs);

	for (i = 0; i <= rs->nr; i++) {
		unsigned long end = i < rs->nr ? rs->r[i].start : kdat.task_size;

		if (end > pos && end - pos >= len) {
			unsigned long place = place_in_hole(pos, end, len, vma);

			if (!vma || distance(place, vma->e->start) >= len / MAX_PARTS)
				found = place;
		}
		if (i < rs->nr && rs->r[i].end > pos)
			pos = rs->r[i].end;
	}

	return found;
}

void *premap_area_reserve(struct pstree_item *t, unsigned long len, struct vma_area *vma)
{
	struct ranges rs = {};
	unsigned long place = 0;
	void *addr;

	if (!add_mapped(&rs) && !add_final(&rs, t, vma))
		place = find_place(&rs, len, vma);
	xfree(rs.r);
	if (!place) {
		pr_debug("No place for %lu bytes\n", len);
		return NULL;
	}

	/* There is nothing: kernels that don't know the flag put it there, too. */
	addr = mmap((void *)place, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (addr == MAP_FAILED) {
		pr_perror("Can't reserve %lu bytes at %lx", len, place);
		return NULL;
	}
	if (addr != (void *)place) {
		pr_err("Can't reserve %lu bytes at %lx\n", len, place);
		munmap(addr, len);
		return NULL;
	}

	return addr;
}
