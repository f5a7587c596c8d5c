#ifndef __CR_SHMEM_COMPARE_H__
#define __CR_SHMEM_COMPARE_H__

#include <stdbool.h>

/*
 * Incremental dumps of shared memory. Page tables don't tell what changed: somebody may have written through another
 * mapping or a descriptor, or from a task that is gone. So the content is compared with that of the parent images.
 */

/* What --shmem-compare asks for. */
enum shmem_compare {
	SHMEM_COMPARE_MEMCMP,
	SHMEM_COMPARE_HASH, /* with the hashes of the parent's pages, see shmem-hashes.h */
	SHMEM_COMPARE_OFF, /* all of it is stored, and only by dumps */
};

/* Is shared memory compared in this run? Only with a plugin's memory tracker. */
extern bool shmem_compare_wanted(void);

/* And is there something to compare it with: are the parent images, or their hashes, on this machine? */
extern bool shmem_compare_possible(void);

/*
 * Dumps an object: what differs from the parent images, if there are any. Where it has holes, nothing is stored.
 *
 *  fd     readable; of tmpfs or hugetlbfs. The caller's.
 *  addr   the object as it is mapped here; NULL while somebody may change it
 *  size   bytes
 *
 * If the object changes, shrinks or is punched meanwhile each page has some content that it had; that is enough for a
 * pre-dump, since the next dump compares again. 0 or -1.
 */
extern int shmem_compare_dump(int fd, const void *addr, unsigned long shmid, unsigned long size);

#endif /* __CR_SHMEM_COMPARE_H__ */
