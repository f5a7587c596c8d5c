/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of a migration on the host it goes to. It does what the other end
 * asks for, one line at a time, and answers each with "ok ..." or "error ...".
 * When the other end is gone, or silent for CHANNEL_LEASE_MS, it undoes all
 * that it did, unless it was told to keep what runs.
 */
#ifndef UFFD_WP_CTL_AGENT_H
#define UFFD_WP_CTL_AGENT_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "ctl.h"
#include "migrate-channel.h"
#include "words.h"

extern volatile sig_atomic_t agent_interrupted;

struct agent {
	struct channel channel;
	long long heard_ms; /* when something came from the other side */
	bool gone; /* it, or we have to end */
	int output; /* file in memory, since disks may be full, with what the last program printed */
	char *work; /* directory of the migration */
	char *dir; /* below it, for the files that come */
	char *criu;
	char *script; /* the user's; or NULL */
	char *check; /* the user's command that tells whether it runs; or NULL */
	/* A container: */
	char *runtime, *runtime_root, *container, *bundle;
	struct words server_options, restore_options;
	const char *not_stored; /* why a file could not be; NULL: all could */
	char *server_error; /* why pages could not be received; NULL: they were */
	int hook; /* listens for criu restore; -1 */
	bool keeps_files; /* those in work */
	bool lazy; /* memory is to come when it runs already */
	pid_t lazy_daemon; /* 0: does not run */
	pid_t root; /* what was restored; 0: nothing was, or is left */
	bool refused; /* the script did not let it run */
	bool arrived; /* the script was told of the restore */
	bool kept;
};

/* Answers. They return nothing: that the other side is gone shows when the next line is read. */
void agent_ok(struct agent *agent, const char *format, ...) __attribute__((format(printf, 2, 3)));
void agent_error(struct agent *agent, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum agent_wait { AGENT_EVENT, AGENT_LINE, AGENT_TIMEOUT, AGENT_GONE };

/*
 * Until fd (or -1) can be read, a line is there to be taken, which only counts
 * if lines is set, or time is up (-1: no limit). Does away with pings.
 */
enum agent_wait agent_wait(struct agent *agent, int fd, bool lines, int timeout_ms);

/* Runs a program with stdout and stderr in output, and fd, if not -1, as 3. Returns its pid; -1. */
pid_t agent_spawn(struct agent *agent, char **argv, int fd);

/*
 * Waits for a program that was spawned; one that takes longer is killed.
 * Returns its status as of waitpid(2), or -1 if it was killed.
 */
int agent_reap(struct agent *agent, pid_t pid, int timeout_ms);

/* Both of them. */
int agent_run(struct agent *agent, char **argv, int timeout_ms);

/* As agent_run(), whether or not the other side is still there: for undoing. */
int agent_run_alone(struct agent *agent, char **argv, int timeout_ms);

/*
 * Runs the user's script for a stage. alone: whether or not the other side is
 * still there, for undoing. 0, or -1. Not there: 0.
 */
int agent_run_script(struct agent *agent, const char *stage, bool alone);

/*
 * For an error: the line that tells most, of the log of criu or of what was printed.
 * log: NULL if there is none. For the caller to free.
 */
char *agent_why(struct agent *agent, const char *log);

/* What is asked for: */
void agent_feature(struct agent *agent, const char *arguments);
void agent_space(struct agent *agent, const char *arguments);
void agent_path(struct agent *agent, const char *arguments);
void agent_pid(struct agent *agent, const char *arguments);
void agent_cpu(struct agent *agent, const char *arguments);
void agent_container(struct agent *agent, const char *arguments);
void agent_serve(struct agent *agent, const char *arguments);
void agent_served(struct agent *agent, const char *arguments);
void agent_restore(struct agent *agent, const char *arguments);

/* A daemon that gives memory to tasks that run already, from the images here. 0, or -1. */
int agent_lazy_start(struct agent *agent);

/* Waits until all memory is there. 0, or -1: it is not. */
int agent_lazy_finish(struct agent *agent);
void agent_lazy_kill(struct agent *agent);

/* Ends what was restored. */
void agent_undo(struct agent *agent);

int cmd_migrate_agent(const struct arguments *args);

#endif /* UFFD_WP_CTL_AGENT_H */
