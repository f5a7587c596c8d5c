// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sync.h"

static int sync_file(int dirfd, const char *name)
{
	int fd, ret;

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	ret = fsync(fd) ? -errno : 0;
	close(fd);
	return ret;
}

int sync_directory(int dirfd)
{
	struct dirent *entry;
	int fd, ret = 0;
	DIR *dir;

	/* A descriptor of its own: the caller's would share its read position with readdir(). */
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	dir = fdopendir(fd);
	if (!dir) {
		ret = -errno;
		close(fd);
		return ret;
	}

	while (!ret && (entry = readdir(dir)))
		if (entry->d_type == DT_REG)
			ret = sync_file(fd, entry->d_name);

	if (!ret && fsync(fd))
		ret = -errno;

	closedir(dir);
	return ret;
}
