/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A count of calls of ptrace() by criu and its children, which goes to a file when criu
 * ends. Also loaded into timeout(1) above it, which writes nothing.
 */
#ifndef FAULTS_PRELOAD_PTRACE_H
#define FAULTS_PRELOAD_PTRACE_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include "preload.h"

static pid_t main_pid;
static int *nr_calls; /* shared with children */
/* Looked up at the start: criu calls ptrace() on stacks of a page, which dlsym() may need more than. */
static typeof(ptrace) *real_ptrace;

static inline void preload_start(void)
{
	real_ptrace = REAL(ptrace);
	main_pid = getpid();
	nr_calls = mmap(NULL, sizeof(*nr_calls), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* variable: of the environment, with the path of the file. */
static inline void preload_end(const char *variable)
{
	const char *path = getenv(variable);
	FILE *f;

	if (!path || getpid() != main_pid || strcmp(program_invocation_short_name, "criu"))
		return;

	f = fopen(path, "w");
	if (f) {
		fprintf(f, "%d\n", *nr_calls);
		fclose(f);
	}
}

/* Defined by each: before the call is made. */
static void before_ptrace(pid_t pid);

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

	before_ptrace(pid);
	return real_ptrace(request, pid, addr, data);
}

#endif /* FAULTS_PRELOAD_PTRACE_H */
