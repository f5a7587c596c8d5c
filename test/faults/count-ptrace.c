// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOADed into criu, and timeout(1) above it: the number of ptrace(2) calls that
 * criu and its children made for the task PTRACE_PID goes to the file PTRACE_COUNT when
 * it ends. (CRIU probes the kernel with a child of its own.)
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <unistd.h>

static pid_t main_pid, wanted;
static int *nr_calls; /* shared with children */

static __attribute__((constructor)) void start(void)
{
	const char *pid = getenv("PTRACE_PID");

	main_pid = getpid();
	wanted = pid ? atoi(pid) : 0;
	nr_calls = mmap(NULL, sizeof(*nr_calls), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static __attribute__((destructor)) void end(void)
{
	const char *path = getenv("PTRACE_COUNT");
	bool is_criu = getpid() == main_pid && !strcmp(program_invocation_short_name, "criu");
	FILE *f = path && is_criu ? fopen(path, "w") : NULL;

	if (f) {
		fprintf(f, "%d\n", *nr_calls);
		fclose(f);
	}
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

	if (pid == wanted)
		__atomic_add_fetch(nr_calls, 1, __ATOMIC_SEQ_CST);
	return ((typeof(ptrace) *)dlsym(RTLD_NEXT, "ptrace"))(request, pid, addr, data);
}
