// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOADed into criu: the program that was started with it gets SIGKILL just
 * before it, or a child of it, makes the KILL_AT-th (from 1) of those system calls
 * that change the target, its tracking or what is on disk. Of a program that ends
 * before that, the number of these calls goes to the file KILL_COUNT.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

static pid_t main_pid;
static int kill_at;
static int *nr_calls; /* shared with children */

#define REAL(name) ((typeof(name) *)dlsym(RTLD_NEXT, #name))

static __attribute__((constructor)) void start(void)
{
	const char *at = getenv("KILL_AT");

	main_pid = getpid();
	kill_at = at ? atoi(at) : 0;
	nr_calls = mmap(NULL, sizeof(*nr_calls), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static __attribute__((destructor)) void end(void)
{
	const char *path = getenv("KILL_COUNT");
	FILE *f = path && getpid() == main_pid ? fopen(path, "w") : NULL;

	if (f) {
		fprintf(f, "%d\n", *nr_calls);
		fclose(f);
	}
}

static void count(void)
{
	if (__atomic_add_fetch(nr_calls, 1, __ATOMIC_SEQ_CST) == kill_at)
		kill(main_pid, SIGKILL);
}

long ptrace(enum __ptrace_request request, ...)
{
	void *addr, *data;
	va_list args;
	pid_t pid;

	va_start(args, request);
	pid = va_arg(args, pid_t);
	addr = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);

	count();
	return REAL(ptrace)(request, pid, addr, data);
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
