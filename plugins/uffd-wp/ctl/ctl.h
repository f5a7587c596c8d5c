/* SPDX-License-Identifier: GPL-2.0 */
/* What main.c and the subcommands of uffd-wpctl share. */
#ifndef UFFD_WP_CTL_H
#define UFFD_WP_CTL_H

#include <stdbool.h>
#include <sys/types.h>

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNMET = 3, /* precopy, migrate: all went well, but the goal was not reached */
};

struct arguments {
	bool json;
	bool all;
	/*
	 * What follows the subcommand, without options. For one that has options of its
	 * own all that follows, behind the name of the program, as main() gets it.
	 */
	int nr;
	char **words; /* ends with NULL */
};

/* Each returns the exit status, having reported any error. */
int cmd_list(const struct arguments *args);
int cmd_stat(const struct arguments *args);
int cmd_untrack(const struct arguments *args);
int cmd_precopy(const struct arguments *args);
int cmd_migrate(const struct arguments *args);

/* 0 or -EINVAL, reported. */
int parse_pid(const char *word, pid_t *pid);

/*
 * keeper_connect() with its errors reported, but for -ENOENT: no keeper runs,
 * so nothing is tracked.
 */
int connect_to_keeper(void);

/* The same for the questions about one task: "not tracked" is reported, too. */
int connect_for_task(pid_t pid);

/* Ends the tracking of a task, if it is tracked. keeper: a connection. */
void untrack_quietly(int keeper, pid_t pid);

/* Reports that keeper_get() failed for the task, and what that means. */
void report_get_error(pid_t pid, int error);

#endif /* UFFD_WP_CTL_H */
