#ifndef __CR_SHMEM_MAP_H__
#define __CR_SHMEM_MAP_H__

#include <sys/stat.h>
#include <sys/types.h>

/*
 * Reading an object through a mapping whose page tables are filled is twice as fast as by pread(), and to fill them takes
 * longer than to read. So a dump does it before it stops the tasks.
 */

/*
 * Maps the shared memory of the tasks below root, while they run, if it will be compared with parent images. What can't
 * be mapped is left out. Never undone: this process ends with the dump.
 */
extern void shmem_map_objects(pid_t root);

/*
 * Where that object is mapped, NULL if it isn't; *len: bytes, whole pages. To be read only where the object has data:
 * holes would be filled, what was cut off is deadly.
 */
extern const char *shmem_mapped(const struct stat *st, unsigned long shmid, unsigned long *len);

#endif /* __CR_SHMEM_MAP_H__ */
