#ifndef __CR_SHMEM_WORKERS_H__
#define __CR_SHMEM_WORKERS_H__

#include <stdbool.h>
#include <stddef.h>

#include "shmem-hashes.h"

/*
 * While the tasks are stopped nothing else runs on most processors: processes, one for each, compare shared memory
 * there. They are started before, and then fill the page tables of their mappings and open the parent images.
 *
 * What they found is used where they looked at a page; where they did not, or are gone, the dump looks itself.
 */

struct shmem_mapping;

/*
 * Before the tasks are stopped. mappings: of this process; those with a descriptor are looked at. It returns when
 * all page tables are filled, and false if there are no such processes, because it is not worth it.
 */
extern bool shmem_workers_start(struct shmem_mapping *mappings, size_t nr);

/* The tasks are stopped. */
extern void shmem_workers_go(void);

/*
 * For the pages [pos, pos + len) of a mapping, bytes: whether they are as in the parent images, and what their hashes
 * are. False or NULL: that is not known of each of them. The first call waits until all is compared.
 */
extern bool shmem_workers_compared(const struct shmem_mapping *m, unsigned long pos, unsigned long len, bool *same);
extern const struct shmem_hash *shmem_workers_hashes(const struct shmem_mapping *m, unsigned long pos,
						     unsigned long len);

#endif /* __CR_SHMEM_WORKERS_H__ */
