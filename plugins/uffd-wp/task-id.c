// SPDX-License-Identifier: GPL-2.0
#include <elf.h>
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
	memset(id->exec_id, 0, sizeof(id->exec_id));
	return own_pidns(&id->pidns);
}

static int open_of(pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

/* The value of AT_RANDOM in a vector of pairs of words, 0 when it has none. */
static uint64_t find_random(const unsigned char *auxv, size_t len, size_t word)
{
	size_t i;

	for (i = 0; i + 2 * word <= len; i += 2 * word) {
		uint64_t type = 0, value = 0;

		/* Little-endian, as all architectures are that can track. */
		memcpy(&type, auxv + i, word);
		memcpy(&value, auxv + i + word, word);
		if (type == AT_NULL)
			break;
		if (type == AT_RANDOM)
			return value;
	}

	return 0;
}

static int read_random_address(pid_t pid, uint64_t *address)
{
	unsigned char auxv[2048];
	ssize_t len;
	int fd;

	fd = open_of(pid, "auxv");
	if (fd < 0)
		return fd;

	len = read(fd, auxv, sizeof(auxv));
	close(fd);
	if (len <= 0)
		return -ENODATA;

	*address = find_random(auxv, len, sizeof(uint64_t));
	if (!*address) /* a 32-bit program */
		*address = find_random(auxv, len, sizeof(uint32_t));
	return *address ? 0 : -ENODATA;
}

int task_exec_id_read(struct task_id *id)
{
	uint64_t address;
	ssize_t len;
	int fd, ret;

	ret = read_random_address(id->pid, &address);
	if (ret)
		return ret;

	fd = open_of(id->pid, "mem");
	if (fd < 0)
		return fd;

	len = pread(fd, id->exec_id, sizeof(id->exec_id), (off_t)address);
	close(fd);
	return len == sizeof(id->exec_id) ? 0 : -ENODATA;
}
