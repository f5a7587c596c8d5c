// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "migrate-files.h"

static bool is_wanted(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && !(dot && !strcmp(dot, ".log"));
}

/* 0 also for what is no regular file, as the link to the parent, which the page server makes as well. */
static int send_one(struct channel *channel, int dir, const char *name, uint64_t *bytes)
{
	struct stat st;
	int fd, ret = -1;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
		return 0;

	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st))
		warn("can't read the image %s", name);
	else if (channel_send(channel, "file %lld %s", (long long)st.st_size, name) ||
		 channel_send_file(channel, fd, st.st_size))
		warnx("the image %s can't be sent", name);
	else
		ret = 0;

	if (fd >= 0)
		close(fd);
	*bytes += st.st_size;
	return ret;
}

int files_send(struct channel *channel, const char *path, uint64_t *bytes)
{
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	dir = opendir(path);
	if (!dir) {
		warn("%s", path);
		return -1;
	}

	while (!ret && (entry = readdir(dir)))
		if (is_wanted(entry))
			ret = send_one(channel, dirfd(dir), entry->d_name, bytes);

	closedir(dir);
	return ret;
}

/* Whoever is at the other side names files of this directory only. */
static bool is_plain_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/');
}

int files_receive(struct channel *channel, const char *dir, const char *arguments, const char **error)
{
	int fd = -1, ret, file_error;
	char *name, *path = NULL;
	unsigned long long size;

	*error = "not a file";
	size = strtoull(arguments, &name, 10);
	if (name == arguments || *name++ != ' ' || !is_plain_name(name))
		return -1;

	if (asprintf(&path, "%s/%s", dir, name) >= 0)
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	*error = fd < 0 ? strerrordesc_np(errno) : NULL;
	ret = channel_receive_file(channel, fd, size, &file_error);
	if (fd >= 0 && close(fd) && !file_error)
		file_error = errno;
	if (!*error && file_error)
		*error = strerrordesc_np(file_error);
	free(path);
	return ret;
}
