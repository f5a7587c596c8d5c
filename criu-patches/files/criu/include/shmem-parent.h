#ifndef __CR_SHMEM_PARENT_H__
#define __CR_SHMEM_PARENT_H__

#include <stdbool.h>

/* Pages of a shared memory object next to those that the parent images have of it. */

/* Bytes that are compared at a time: both sides fit into the processor's cache. */
#define SHMEM_PART_SIZE (512UL << 10)

struct shmem_parent;

/* All of the chain; NULL if the parent has no such object, or can't be read, which is said. */
extern struct shmem_parent *shmem_parent_open(unsigned long shmid);

/*
 * same[]: whether each page of [pos, pos + len) of the object, which are at live, is as in the parent images. None is
 * when these turn out not to be readable. Bytes, whole pages; len: at most SHMEM_PART_SIZE.
 */
extern void shmem_parent_compare(struct shmem_parent *parent, unsigned long pos, unsigned long len, const char *live,
				 bool *same);

/* NULL is nothing to do. */
extern void shmem_parent_close(struct shmem_parent *parent);

#endif /* __CR_SHMEM_PARENT_H__ */
