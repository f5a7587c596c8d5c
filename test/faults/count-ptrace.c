// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOADed into criu: the number of ptrace(2) calls that criu and its children
 * made for the task PTRACE_PID goes to the file PTRACE_COUNT when it ends. (CRIU
 * probes the kernel with a child of its own.)
 */
#include "preload-ptrace.h"

static pid_t wanted;

static __attribute__((constructor)) void start(void)
{
	preload_start();
	wanted = preload_number("PTRACE_PID");
}

static __attribute__((destructor)) void end(void)
{
	preload_end("PTRACE_COUNT");
}

static void before_ptrace(pid_t pid)
{
	if (pid == wanted)
		__atomic_add_fetch(nr_calls, 1, __ATOMIC_SEQ_CST);
}
