// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../keeper-path.h"
#include "daemon.h"

static int ready_fd = -1; /* write end of the pipe to the process that waits */

/* Or the next files opened would become stdin, stdout and stderr. */
static void fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

void shed_inheritance(int first_fd)
{
	sigset_t none;
	int sig;

	/* Fails for SIGKILL, SIGSTOP and those of the C library, which is fine. */
	for (sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	closefrom(first_fd);
	fill_stdio();
	umask(077);
	/* Or it would keep a file system from being unmounted. It always is there. */
	if (chdir("/"))
		abort();
}

static void __attribute__((noreturn)) wait_until_ready(int fd, pid_t child)
{
	unsigned char status = KEEPER_FAILED, end;

	/* End of file without a status: it died. */
	if (read(fd, &status, 1) != 1)
		status = KEEPER_FAILED;
	/* It closes the pipe when all of daemon_ready() is done: who is told that it runs finds it as it will be. */
	while (read(fd, &end, 1) > 0)
		;

	/* Not left to init: in a container that may be a program that reaps nobody. */
	waitpid(child, NULL, 0);
	_exit(status);
}

int daemonize(void)
{
	pid_t child;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return -errno;

	child = fork();
	if (child < 0) {
		close(fds[0]);
		close(fds[1]);
		return -errno;
	}
	if (child) {
		close(fds[1]);
		wait_until_ready(fds[0], child);
	}

	close(fds[0]);
	ready_fd = fds[1];

	/* Leader of a session of its own, but for a moment: a leader could acquire a terminal. */
	setsid();
	child = fork();
	if (child)
		_exit(child < 0 ? KEEPER_FAILED : 0);

	return 0;
}

void daemon_ready(int status)
{
	unsigned char byte = status;
	ssize_t ignored;
	int null;

	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}

	if (ready_fd < 0)
		return;

	/* Nobody waits any more: it was killed for taking too long, and so what. */
	signal(SIGPIPE, SIG_IGN);
	ignored = write(ready_fd, &byte, 1);
	(void)ignored;
	signal(SIGPIPE, SIG_DFL);
	close(ready_fd);
	ready_fd = -1;
}

size_t raise_fd_limit(size_t wanted)
{
	struct rlimit limit, more;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return 0;
	if (limit.rlim_cur >= wanted)
		return limit.rlim_cur;

	more.rlim_cur = wanted;
	more.rlim_max = limit.rlim_max > wanted ? limit.rlim_max : wanted;
	if (!setrlimit(RLIMIT_NOFILE, &more))
		return wanted;

	/* Beyond the hard limit only with CAP_SYS_RESOURCE. */
	more.rlim_cur = limit.rlim_max;
	more.rlim_max = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &more) ? limit.rlim_cur : more.rlim_cur;
}
