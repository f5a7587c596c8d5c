#ifndef __CR_SHMEM_MAP_H__
#define __CR_SHMEM_MAP_H__

#include <sys/stat.h>
#include <sys/types.h>

#include "shmem-hashes.h"

/*
 * Reading an object through a mapping whose page tables are filled is twice as fast as by pread(), and to fill them takes
 * longer than to read. So a dump does it before it stops the tasks.
 */

struct shmem_mapping {
	dev_t dev;
	ino_t ino;
	unsigned long shmid;
	/* To be read only where the object has data: holes would be filled, what was cut off is deadly. */
	char *addr;
	unsigned long len;  /* bytes, whole pages */
	unsigned long data; /* bytes that are no holes, when it was mapped */
	/* For shmem-workers.h: */
	int fd; /* of the object, or -1; only until they are started */
	unsigned char *states;
	struct shmem_hash *hashes;
};

/*
 * Maps the shared memory of the tasks below root, while they run, if it will be compared with parent images. What can't
 * be mapped is left out. Never undone: this process ends with the dump.
 */
extern void shmem_map_objects(pid_t root);

/* NULL if that object is not mapped. */
extern const struct shmem_mapping *shmem_mapped(const struct stat *st, unsigned long shmid);

/* Fills the page tables of [addr, addr + len), bytes, where there are pages: others would be made. */
extern void shmem_fill_page_tables(char *addr, unsigned long len);

/*
 * The next [*start, *end) of an object that is no hole, in bytes, whole pages, from pos on and below size; both are size
 * at the end. 0 or -1.
 */
extern int shmem_next_data(int fd, unsigned long size, unsigned long pos, unsigned long *start, unsigned long *end);

#endif /* __CR_SHMEM_MAP_H__ */
