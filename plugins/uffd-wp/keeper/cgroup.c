// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"

static void move_to_root_of(const char *mount_point)
{
	char path[PATH_MAX];
	ssize_t ignored;
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", mount_point);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;

	/* "0" is whoever writes. Not allowed in a container: then it shares the fate of its cgroup. */
	ignored = write(fd, "0", 1);
	(void)ignored;
	close(fd);
}

void leave_cgroups(void)
{
	struct mntent *mount;
	FILE *mounts;

	/* Not mountinfo: its fields are the same, and getmntent(3) reads this one. */
	mounts = setmntent("/proc/self/mounts", "re");
	if (!mounts)
		return;

	while ((mount = getmntent(mounts)))
		if (!strcmp(mount->mnt_type, "cgroup") || !strcmp(mount->mnt_type, "cgroup2"))
			move_to_root_of(mount->mnt_dir);

	endmntent(mounts);
}
