// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fd-check.h"

/* What the link /proc/self/fd/FD says, "" when it cannot be read. */
static void read_kind(int fd, char *kind, size_t size)
{
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, kind, size - 1);
	kind[len < 0 ? 0 : len] = '\0';
}

int check_userfaultfd(int fd)
{
	char kind[64];

	read_kind(fd, kind, sizeof(kind));
	return strcmp(kind, "anon_inode:[userfaultfd]") ? -EBADF : 0;
}

static bool is_pidfd(int fd)
{
	char kind[64];

	read_kind(fd, kind, sizeof(kind));
	/* The second is how Linux 6.9 names files of its pidfs; later ones are compatible again. */
	return !strcmp(kind, "anon_inode:[pidfd]") || !strncmp(kind, "pidfd:[", strlen("pidfd:["));
}

/*
 * The line "Pid:" of fdinfo, pidfd_open(2): the pid in the namespace of /proc, 0
 * when it has none there, -1 when the task is gone. -EBADF: no such line.
 */
static int read_pidfd_pid(int fd, int *pid)
{
	char path[64], line[256];
	int ret = -EBADF;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	if (!info)
		return -EBADF;

	while (fgets(line, sizeof(line), info))
		if (sscanf(line, "Pid: %d", pid) == 1)
			ret = 0;

	fclose(info);
	return ret;
}

static bool has_exited(int pidfd)
{
	struct pollfd exited = { .fd = pidfd, .events = POLLIN };

	return poll(&exited, 1, 0) != 0;
}

/* While the pid is known to be taken by the task of the pidfd, its start time tells whether that is the one named. */
static int check_named_task(int pid, const struct task_id *id)
{
	struct task_id found;
	uint64_t pidns;
	int ret;

	ret = own_pidns(&pidns);
	if (ret)
		return ret;
	/* Of a pid in another namespace we know nothing. */
	if (pidns != id->pidns)
		return 0;

	if (pid != id->pid)
		return -EBADF;

	ret = task_id_read(pid, &found);
	if (ret)
		return ret;
	return found.start_time == id->start_time ? 0 : -ESRCH;
}

int check_pidfd(int fd, const struct task_id *id)
{
	int pid, ret;

	if (!is_pidfd(fd))
		return -EBADF;

	ret = read_pidfd_pid(fd, &pid);
	if (ret)
		return ret;

	if (pid < 0)
		return -ESRCH;

	ret = check_named_task(pid, id);
	if (ret)
		return ret;

	/* Last: as it lives now, its pid was its own all the time. */
	return has_exited(fd) ? -ESRCH : 0;
}
