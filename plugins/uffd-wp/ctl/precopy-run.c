// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "precopy-run.h"

#define TICK_MS 200

/* What the caller ignores, such as nohup(1), stays ignored; blocked, it would come all the same. */
static void add_signal(sigset_t *mask, int sig)
{
	struct sigaction action;

	if (!sigaction(sig, NULL, &action) && action.sa_handler != SIG_IGN)
		sigaddset(mask, sig);
}

int runner_init(struct runner *runner)
{
	sigset_t mask;

	/* Ignored, there would be nothing to wait for. */
	signal(SIGCHLD, SIG_DFL);

	sigemptyset(&mask);
	add_signal(&mask, SIGINT);
	add_signal(&mask, SIGTERM);
	sigaddset(&mask, SIGCHLD);
	runner->interrupted = false;
	runner->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (runner->signals < 0 || sigprocmask(SIG_BLOCK, &mask, &runner->old_mask)) {
		warn("signalfd");
		return -1;
	}

	return 0;
}

/* Whether a signal came since the last call. */
static bool read_signals(struct runner *runner)
{
	struct signalfd_siginfo info;
	bool came = false;

	while (read(runner->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			came = true;

	return came;
}

bool runner_interrupted(struct runner *runner)
{
	if (read_signals(runner))
		runner->interrupted = true;
	return runner->interrupted;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* A process group of its own, lest ^C goes to it. */
static int spawn(const struct runner *runner, char **argv, struct run *run)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int ret;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, run->messages, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, run->messages, STDERR_FILENO);
	posix_spawn_file_actions_adddup2(&files, run->lines, RUN_LINES_FD);

	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attr, &runner->old_mask);

	ret = posix_spawn(&run->pid, argv[0], &files, &attr, argv, environ);
	if (ret)
		warnx("can't run %s: %s", argv[0], strerror(ret));

	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return ret ? -1 : 0;
}

/* After the first signal it waits on, after the second one no longer. */
static void wait_for(struct runner *runner, struct run *run)
{
	struct pollfd fds[] = { { .fd = runner->signals, .events = POLLIN },
				{ .fd = run->on_event ? run->event_fd : -1, .events = POLLIN } };

	while (waitpid(run->pid, &run->status, WNOHANG) == 0) {
		if (poll(fds, 2, run->on_tick ? TICK_MS : -1) > 0 && (fds[1].revents & POLLIN))
			run->on_event(run);
		if (run->on_tick)
			run->on_tick(run);
		if (!read_signals(runner))
			continue;

		run->left = runner->interrupted;
		if (run->left)
			return;
		runner->interrupted = true;
		warnx("interrupted: waiting for criu to complete what it does; interrupt again to leave it alone "
		      "with that");
	}
}

/*
 * Files, not pipes: a program that is left alone can go on to write, and one that
 * leaves a child behind, as a pre-dump whose criu was killed, has ended all the same.
 */
static int make_files(struct run *run)
{
	run->messages = memfd_create("messages", MFD_CLOEXEC);
	run->lines = memfd_create("lines", MFD_CLOEXEC);
	if (run->messages >= 0 && run->lines >= 0)
		return 0;

	warn("memfd_create");
	return -1;
}

int runner_run(struct runner *runner, char **argv, struct run *run)
{
	double start = now();

	if (!make_files(run) && !spawn(runner, argv, run)) {
		wait_for(runner, run);
		run->seconds = now() - start;
		return 0;
	}

	if (run->messages >= 0)
		close(run->messages);
	if (run->lines >= 0)
		close(run->lines);
	return -1;
}
