#ifndef __CR_SHMEM_HASHES_H__
#define __CR_SHMEM_HASHES_H__

#include <stdbool.h>
#include <stddef.h>

#include "int.h"

/*
 * A file next to the page map of a shared memory object has a hash of each page that is in the image or left to the
 * parent images: XXH3, 128 bits. The next dump compares with these instead of reading the parent images, which is faster,
 * and possible where a page server has them. The hash protects from accidents, not from somebody who makes up pages.
 *
 * A table is used only if it is complete, and was made by the run that made the parent images.
 */

struct shmem_hashes;

/* Both 0: there is no such page. What hashes to that is never the same as in the parent images. */
struct shmem_hash {
	u64 low, high;
};

/* Is this build able to? */
extern bool shmem_hashes_available(void);

/* Hashes of nr pages. */
extern void shmem_hash_pages(const char *live, size_t nr, struct shmem_hash *hashes);

/* has_parent: the parent images have this object. NULL on errors. */
extern struct shmem_hashes *shmem_hashes_open(unsigned long shmid, bool has_parent);

/* Is there something to compare with? */
extern bool shmem_hashes_have_parent(const struct shmem_hashes *h);

/*
 * Looks at the pages [first, first + nr) of the object, which are at live; known: their hashes, or NULL. same[i], if there
 * is a table of the parent: the page is as it is in the parent images. 0 or -1.
 */
extern int shmem_hashes_compare(struct shmem_hashes *h, const char *live, const struct shmem_hash *known, size_t first,
				size_t nr, bool *same);

/* Of the pages that were compared last: [i, i + nr) of them will not be in any image. */
extern void shmem_hashes_leave_out(struct shmem_hashes *h, size_t i, size_t nr);

/* Keeps the hashes of the pages that were compared last. 0 or -1. */
extern int shmem_hashes_keep(struct shmem_hashes *h);

/* complete: all of the object is dumped. 0 or -1. NULL is nothing to do. */
extern int shmem_hashes_close(struct shmem_hashes *h, bool complete);

#endif /* __CR_SHMEM_HASHES_H__ */
