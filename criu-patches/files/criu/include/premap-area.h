#ifndef __CR_PREMAP_AREA_H__
#define __CR_PREMAP_AREA_H__

struct pstree_item;
struct vma_area;

/*
 * Private mappings that can't be premapped at their final address go somewhere
 * else first, and are moved by the restorer. There, nothing may be mapped now or
 * later in the task or those of its descendants that may inherit them, so that
 * the restorer can move and map in any order.
 *
 * Reserves len bytes for that, with no access, and returns where; NULL if there is no
 * such place. If vma is given, it is the only one that is to be put there, and the place may
 * overlap with the final one of vma, but so that vma can be moved in a few parts.
 */
extern void *premap_area_reserve(struct pstree_item *t, unsigned long len, struct vma_area *vma);

/* For qsort(3): by their starts */
extern int compare_vma_runs(const void *a, const void *b);

#endif /* __CR_PREMAP_AREA_H__ */
