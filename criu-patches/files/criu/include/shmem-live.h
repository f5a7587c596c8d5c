#ifndef __CR_SHMEM_LIVE_H__
#define __CR_SHMEM_LIVE_H__

#include <sys/types.h>

/*
 * Makes the shared memory of the tasks below root part of a pre-dump, while they run. Does nothing where it is not
 * compared, or can't be since the parent images are on the machine of a page server. 0 or -1.
 */
extern int shmem_live_dump(pid_t root);

#endif /* __CR_SHMEM_LIVE_H__ */
