#ifndef __CR_HUGETLB_POOL_H__
#define __CR_HUGETLB_POOL_H__

/*
 * Whether there are as many huge pages as the restore will take. To be called when all images of VMAs and memfds are
 * collected, before anything is made. 0, or -1 with a message that names the pool. What it can't find out about (System
 * V segments, limits of cgroups and NUMA nodes) it doesn't count: then the restore itself fails.
 */
extern int check_hugetlb_pools(void);

#endif /* __CR_HUGETLB_POOL_H__ */
