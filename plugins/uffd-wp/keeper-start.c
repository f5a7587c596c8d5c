// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper-start.h"

#define EXEC_FAILED 127

/*
 * fork(2) without what the C library does around it: in the child, only system
 * calls are safe, the caller may have threads. pidfd: receives one of the child.
 */
static pid_t raw_fork(int exit_signal, int *pidfd)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = exit_signal,
	};

	return syscall(SYS_clone3, &args, sizeof(args));
}

/* What else is inherited the keeper sheds itself. */
static void __attribute__((noreturn)) exec_keeper(const char *path)
{
	char *const argv[] = { (char *)path, NULL };
	/* Nothing of the caller's: no LISTEN_FDS, no LD_PRELOAD. */
	char *const envp[] = { NULL };
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(EXEC_FAILED);

	/* The caller has lost patience and killed our parent. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execve(path, argv, envp);
	_exit(EXEC_FAILED);
}

/* Passes on the exit status of the keeper program. */
static void __attribute__((noreturn)) run_keeper(const char *path)
{
	int status, pidfd;
	pid_t pid;

	/* CLONE_CLEAR_SIGHAND leaves ignored signals ignored, and this one would reap our child. */
	signal(SIGCHLD, SIG_DFL);
	pid = raw_fork(SIGCHLD, &pidfd);
	if (!pid)
		exec_keeper(path);

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		_exit(EXEC_FAILED);
	_exit(WEXITSTATUS(status));
}

static int wait_for_exit(int pidfd, int timeout_ms)
{
	struct pollfd ready = { .fd = pidfd, .events = POLLIN };
	int ret;

	do
		ret = poll(&ready, 1, timeout_ms);
	while (ret < 0 && errno == EINTR);

	if (ret < 0)
		return -errno;
	return ret ? 0 : -ETIMEDOUT;
}

int keeper_start(const char *path, int timeout_ms)
{
	int pidfd, status = 0, ret;
	pid_t pid, reaped;

	/*
	 * A child without exit signal is waited for with __WCLONE only. The caller's SIGCHLD handler is
	 * not called for it, the caller's waitpid(-1) does not take it (CRIU's handler, which takes any
	 * child for a crashed parasite, would), and SIGCHLD being ignored does not reap it behind our
	 * back. It must not exec, which sets the exit signal to SIGCHLD: clone(2).
	 */
	pid = raw_fork(0, &pidfd);
	if (pid < 0)
		return -errno;
	if (!pid)
		run_keeper(path);

	ret = wait_for_exit(pidfd, timeout_ms);
	if (ret)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	close(pidfd);

	do
		reaped = waitpid(pid, &status, __WALL);
	while (reaped < 0 && errno == EINTR);

	if (ret)
		return ret;
	if (reaped < 0)
		return -errno;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == EXEC_FAILED)
		return -ENOEXEC;
	return WEXITSTATUS(status);
}
