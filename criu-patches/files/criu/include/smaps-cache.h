#ifndef __CR_SMAPS_CACHE_H__
#define __CR_SMAPS_CACHE_H__

#include <sys/types.h>

/*
 * To read /proc/pid/smaps takes time in proportion to the memory of a task,
 * because the kernel walks its page tables for it, and all that CRIU wants to
 * know are the VmFlags. Pre-dumps, which need them to choose the mappings to
 * dump and to nothing else, read them while the tasks still run, and put them
 * together with /proc/pid/maps of the stopped task.
 */

/* Reads smaps of the tree. Errors don't matter: what is missing will be read later. */
extern void smaps_cache_fill(pid_t root);
extern void smaps_cache_free(void);

/* Opens smaps of a task, or a file that reads like it for parse_smaps(); -1 on error. */
extern int open_smaps(pid_t pid);

#endif /* __CR_SMAPS_CACHE_H__ */
