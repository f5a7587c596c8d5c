#ifndef __CR_SHMEM_OBJECTS_H__
#define __CR_SHMEM_OBJECTS_H__

#include <sys/stat.h>
#include <sys/types.h>

/* Shared memory of tasks that run: memfds, MAP_SHARED | MAP_ANONYMOUS, System V segments; also of huge pages. */

/*
 * fd: readable, closed afterwards. shmid: names the object's pages in images, as when it is dumped. Returns 0, or -1
 * to end it.
 */
typedef int (*shmem_object_fn)(int fd, const struct stat *st, unsigned long shmid, void *arg);

/*
 * Calls fn once for each object that the tasks below root have mapped or open, or that is a segment of their IPC
 * namespace. What comes or goes meanwhile may be missing, and so may one of two objects that have the same shmid.
 * 0, or -1 if there is no memory or if fn fails.
 */
extern int shmem_objects_for_each(pid_t root, shmem_object_fn fn, void *arg);

#endif /* __CR_SHMEM_OBJECTS_H__ */
