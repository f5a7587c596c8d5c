// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper-client.h"

/* Field 22 of /proc/PID/stat, proc_pid_stat(5). The fields after the name: it may hold blanks and parentheses. */
#define AFTER_COMM_TO_START_TIME "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64

static int read_start_time(pid_t pid, uint64_t *start_time)
{
	char path[64], buf[1024], *comm_end;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;

	len = read(fd, buf, sizeof(buf) - 1);
	if (len < 0) {
		len = -errno;
		close(fd);
		return len;
	}
	close(fd);

	buf[len] = '\0';
	comm_end = strrchr(buf, ')');
	if (!comm_end || sscanf(comm_end + 1, " " AFTER_COMM_TO_START_TIME, start_time) != 1)
		return -ESRCH;

	return 0;
}

int own_pidns(uint64_t *inode)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st))
		return -errno;

	*inode = st.st_ino;
	return 0;
}

int task_id_read(pid_t pid, struct task_id *id)
{
	int ret;

	if (pid <= 0)
		return -ESRCH;

	ret = read_start_time(pid, &id->start_time);
	if (ret)
		return ret;

	id->pid = pid;
	return own_pidns(&id->pidns);
}
