/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Client side of the keeper's protocol (keeper.proto): what the plugin and
 * uffd-wpctl call. Every call is one request and one answer on a connected
 * SOCK_SEQPACKET socket and returns 0 or -errno; none prints.
 */
#ifndef UFFD_WP_KEEPER_CLIENT_H
#define UFFD_WP_KEEPER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define KEEPER_DIR	   "/run/criu"
#define KEEPER_SOCKET	   KEEPER_DIR "/uffd-wp-keeper.sock"
#define KEEPER_RUN_ID_SIZE 64 /* with the final NUL; CRIU's run id is a UUID of 36 characters */

/* Which task: a pid alone may be reused. */
struct task_id {
	pid_t pid;	     /* as seen in the pid namespace pidns */
	uint64_t start_time; /* field 22 of /proc/PID/stat, clock ticks since boot */
	uint64_t pidns;	     /* inode of /proc/self/ns/pid of the process that names the pid */

	/*
	 * What execve(2) made of it: the 16 random bytes at AT_RANDOM, getauxval(3). All zero:
	 * unknown. A context is of the mm that a task had when it was opened. After an exec the
	 * pid and the start time are the same, and the old mm may live on in another task (vfork,
	 * CLONE_VM), so that nothing about the context itself says that the task has left it.
	 */
#define TASK_EXEC_ID_SIZE 16
	uint8_t exec_id[TASK_EXEC_ID_SIZE];
};

/* Names the pid as the caller sees it. -ESRCH when there is no such task. */
int task_id_read(pid_t pid, struct task_id *id);

/*
 * Fills in exec_id, which task_id_read() leaves zero. Needs the right to ptrace
 * the task. -ESRCH: no such task; -ENODATA: it has no readable AT_RANDOM.
 */
int task_exec_id_read(struct task_id *id);

/* Inode number of the caller's pid namespace. 0 or -errno. */
int own_pidns(uint64_t *inode);

/*
 * Connects to the keeper and checks that it is ours: directory and socket are
 * owned by our effective uid, not writable or readable for others (0700 and
 * 0600), SO_PEERCRED says that our uid listens there, and it speaks our
 * version of the protocol. Returns a socket (close-on-exec, the caller's) or
 *  -ENOENT, -ECONNREFUSED  no keeper runs
 *  -EPERM                  somebody else's: *why says what was wrong
 *  -EPROTONOSUPPORT        a keeper of another version runs
 *  -EPROTO                 it is no keeper
 *  -ETIMEDOUT              it does not answer
 * why (may be NULL) receives a message of constant lifetime on error.
 */
int keeper_connect(const char **why);

/*
 * As keeper_connect(), but starts the keeper program at path first when none
 * runs, and waits until it listens (5 s at most).
 * -ENOENT, -EACCES, -ENOEXEC: the program is missing or can't be executed;
 * -EIO: it can't start.
 */
int keeper_connect_or_start(const char *path, const char **why);

/*
 * All calls below may also return
 *  -ECONNRESET  the keeper closed the connection or died
 *  -ETIMEDOUT   no answer within 5 s
 *  -EPROTO      an answer that makes no sense
 * after which the connection is shut down: every further call fails.
 */

/* Asks for a sign of life; keeper_connect() has done that. */
int keeper_hello(int sk);

/*
 * The context the keeper holds for the task.
 * uffd:  receives a new descriptor of it (close-on-exec, the caller's)
 * epoch: receives the run id of the last run that committed, "" when none is valid
 * -ENOENT: it holds none, or (where id has an exec_id) one of the time before
 * an exec of the task.
 */
int keeper_get(int sk, const struct task_id *id, int *uffd, char epoch[KEEPER_RUN_ID_SIZE]);

/*
 * Hands a context over. The keeper duplicates both descriptors; ours stay
 * ours. Replaces what it held for the task. The epoch starts out invalid.
 * -EBADF: not a userfaultfd, not a pidfd, or the pidfd of another task
 * -ESRCH: the task is gone, or is not the one that id names
 * -ENOSPC: the keeper's table is full
 */
int keeper_put(int sk, const struct task_id *id, int uffd, int pidfd);

/*
 * A run is about to write-protect pages of the task: the committed epoch
 * becomes invalid now, and run_id becomes it at keeper_commit(run_id). Replaces
 * a run that has begun and not ended: that one can't commit this task any more.
 * run_id: 1 to KEEPER_RUN_ID_SIZE - 1 printable characters, no blanks, else -EINVAL.
 * -ENOENT: the task is not held.
 */
int keeper_begin(int sk, const struct task_id *id, const char *run_id);

/*
 * All images of the run are complete: its id becomes the epoch of every task it
 * was the last to begin. -ENOENT: there is none, they ended or another run came
 * between.
 */
int keeper_commit(int sk, const char *run_id);

/* The run failed: every task it began keeps an invalid epoch. */
int keeper_abort(int sk, const char *run_id);

/* Forgets the task and closes its context; the kernel ends the tracking. -ENOENT: not held. */
int keeper_drop(int sk, const struct task_id *id);

/*
 * Whether some mapping of the task was found to be registered with a userfaultfd
 * that is not the context: 1 or 0. note: it was, remember it as long as the context.
 * -ENOENT: not held.
 */
int keeper_foreign(int sk, const struct task_id *id, bool note);

struct keeper_entry {
	struct task_id id;
	char epoch[KEEPER_RUN_ID_SIZE];	  /* "" when invalid */
	char pending[KEEPER_RUN_ID_SIZE]; /* "" when no run is under way */
	uint64_t age_ms;		  /* since the last commit, since the hand-over while nothing was committed */
};

/* All entries, in an array for free(). */
int keeper_list(int sk, struct keeper_entry **entries, size_t *nr);

#endif /* UFFD_WP_KEEPER_CLIENT_H */
