// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOADed into criu: the program that was started with it gets SIGKILL just
 * before it, or a child of it, makes the KILL_AT-th (from 1) of those system calls
 * that change the target, its tracking or what is on disk. Of a program that ends
 * before that, the number of these calls goes to the file KILL_COUNT.
 */
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "preload-ptrace.h"

static int kill_at;

static __attribute__((constructor)) void start(void)
{
	preload_start();
	kill_at = preload_number("KILL_AT");
}

static __attribute__((destructor)) void end(void)
{
	preload_end("KILL_COUNT");
}

static void count(void)
{
	if (__atomic_add_fetch(nr_calls, 1, __ATOMIC_SEQ_CST) == kill_at)
		kill(main_pid, SIGKILL);
}

static void before_ptrace(pid_t pid)
{
	(void)pid;
	count();
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);

	count();
	return REAL(ioctl)(fd, request, arg);
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	count();
	return REAL(send)(fd, buf, len, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	count();
	return REAL(sendmsg)(fd, msg, flags);
}

int fsync(int fd)
{
	count();
	return REAL(fsync)(fd);
}
