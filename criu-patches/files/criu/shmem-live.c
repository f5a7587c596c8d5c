#include <stddef.h>

#include "pre-dump-progress.h"
#include "shmem-compare.h"
#include "shmem-live.h"
#include "shmem-objects.h"

static int dump_object(int fd, const struct stat *st, unsigned long shmid, void *arg)
{
	if (!st->st_size)
		return 0;

	pre_dump_progress_shared((u64)st->st_blocks * 512);
	return shmem_compare_dump(fd, NULL, shmid, st->st_size);
}

int shmem_live_dump(pid_t root)
{
	if (!shmem_compare_possible())
		return 0;

	return shmem_objects_for_each(root, dump_object, NULL);
}
