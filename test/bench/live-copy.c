// SPDX-License-Identifier: GPL-2.0
/*
 * Copies memory of another process to a file, as plainly as it goes:
 * process_vm_readv(2) and write(2), 4 MiB at a time.
 *
 * usage: live-copy PID ADDRESS BYTES FILE sync|nosync
 *
 * Prints the microseconds that it took, fsync(2) included if asked for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (4UL << 20)

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

static void copy(pid_t pid, uint64_t address, uint64_t bytes, int fd)
{
	char *buffer = malloc(BUFFER_BYTES);

	if (!buffer)
		error(1, errno, "malloc");
	while (bytes) {
		size_t len = bytes < BUFFER_BYTES ? bytes : BUFFER_BYTES;
		struct iovec local = { buffer, len }, remote = { (void *)(uintptr_t)address, len };

		if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != (ssize_t)len)
			error(1, errno, "process_vm_readv");
		if (write(fd, buffer, len) != (ssize_t)len)
			error(1, errno, "write");
		address += len;
		bytes -= len;
	}
	free(buffer);
}

int main(int argc, char **argv)
{
	uint64_t start;
	int fd;

	if (argc != 6)
		error(2, 0, "usage: %s PID ADDRESS BYTES FILE sync|nosync", argv[0]);
	start = now_us();
	fd = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		error(1, errno, "%s", argv[4]);
	copy(atoi(argv[1]), strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0), fd);
	if (!strcmp(argv[5], "sync") && fsync(fd))
		error(1, errno, "fsync");
	if (close(fd))
		error(1, errno, "close");
	printf("%lu\n", (unsigned long)(now_us() - start));
	return 0;
}
