// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a command and notes the most memory that it, or a child that it waited
 * for, had in use, and how long it took.
 *
 * usage: peak FILE COMMAND [ARGUMENT...]
 *
 * FILE gets the numbers of KiB and of microseconds. A program of its own, because what a process had
 * in use before execve(2) counts as well: of a Python script that is a lot.
 */
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	long us;
	int status;
	FILE *f;
	pid_t pid;

	if (argc < 3)
		error(125, 0, "usage: %s FILE COMMAND [ARGUMENT...]", argv[0]);
	us = now_us();
	pid = fork();
	if (pid < 0)
		error(125, errno, "fork");
	if (!pid) {
		execv(argv[2], argv + 2);
		error(125, errno, "%s", argv[2]);
	}
	if (wait4(pid, &status, 0, &usage) != pid)
		error(125, errno, "wait4");
	us = now_us() - us;
	f = fopen(argv[1], "w");
	if (!f || fprintf(f, "%ld %ld\n", usage.ru_maxrss, us) < 0 || fclose(f))
		error(125, errno, "%s", argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
