/* SPDX-License-Identifier: GPL-2.0 */
/* Running a program that must not be interrupted, while we can be. */
#ifndef UFFD_WP_CTL_PRECOPY_RUN_H
#define UFFD_WP_CTL_PRECOPY_RUN_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* The number of the descriptor run.lines in the program. */
#define RUN_LINES_FD 3

struct runner {
	int signals; /* signalfd */
	sigset_t old_mask;
	bool interrupted; /* see runner_interrupted() */
};

/* One run. Zeroed, but for what the caller wants to be told. */
struct run {
	void (*on_tick)(struct run *run); /* some times a second while it runs, or NULL */
	void (*on_event)(struct run *run); /* event_fd can be read; NULL: there is no such descriptor */
	int event_fd;
	int messages; /* file with its stdout and stderr; for the caller to close, as the next */
	int lines; /* file with what it wrote to RUN_LINES_FD */
	pid_t pid;
	bool left; /* it was not waited for, and runs on: we were interrupted twice. Without an end, then: */
	int status; /* as of waitpid(2) */
	double seconds;
};

/* From here on SIGINT and SIGTERM do not end us, unless they are ignored. 0, or -1, reported. */
int runner_init(struct runner *runner);

/* SIGINT or SIGTERM came: there should be no other run. */
bool runner_interrupted(struct runner *runner);

/*
 * Runs argv, whose first word is a path. It gets no signals from the terminal.
 * 0, or -1, reported: it could not be started, and there is nothing to close.
 */
int runner_run(struct runner *runner, char **argv, struct run *run);

#endif /* UFFD_WP_CTL_PRECOPY_RUN_H */
