// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>

#include "task-lock.h"

int task_locks_open(void)
{
	int fd = open(TASK_LOCKS, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? -errno : fd;
}

/* FNV-1a. Two tasks with the same hash only keep runs on them from going on at the same time. */
static uint64_t hash(uint64_t h, uint64_t number)
{
	int i;

	for (i = 0; i < 8; i++, number >>= 8)
		h = (h ^ (number & 0xff)) * 0x100000001b3;

	return h;
}

int task_lock(int locks, const struct task_id *id)
{
	uint64_t h = hash(hash(hash(0xcbf29ce484222325, id->pid), id->start_time), id->pidns);
	/* l_start + l_len must not be more than the largest offset. */
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = h >> 2, .l_len = 1 };

	if (!fcntl(locks, F_OFD_SETLK, &lock))
		return 0;

	return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}
