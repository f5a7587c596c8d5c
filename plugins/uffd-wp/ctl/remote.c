// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "remote.h"

#define SLICE_MS 100
#define STOP_MS 60000
#define GONE_MS 1000 /* of one that is gone, in case it is not */
#define CONNECT_MS 20000 /* ssh may have to ask others */
#define SILENCE_MS (CHANNEL_LEASE_MS + 2000) /* in an answer, in which it may be busy for a moment */

/* Its own process group: ^C is for us, and it has to be there until we are done. */
static int spawn(struct remote *remote, char **argv, int in, int out)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	int ret;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	ret = posix_spawnp(&remote->pid, argv[0], &files, &attr, argv, environ);
	if (ret)
		warnx("can't run %s: %s", argv[0], strerror(ret));

	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return ret ? -1 : 0;
}

static int connect_pipes(struct remote *remote, char **argv)
{
	int there[2], back[2], ret;

	if (pipe2(there, O_CLOEXEC))
		goto failed;
	if (pipe2(back, O_CLOEXEC)) {
		close(there[0]);
		close(there[1]);
		goto failed;
	}

	ret = spawn(remote, argv, there[0], back[1]);
	close(there[0]);
	close(back[1]);
	/* A side that does not read any more must not stop us. */
	fcntl(there[1], F_SETFL, O_NONBLOCK);
	remote->channel = (struct channel){ .in = back[0], .out = there[1] };
	return ret;
failed:
	warn("pipe");
	return -1;
}

static void report_no_agent(struct remote *remote, const char *line)
{
	int status = 0;

	if (*line)
		warnx("%s: this is no answer of an agent: '%s'", remote->name, line);
	else if (waitpid(remote->pid, &status, WNOHANG) == remote->pid)
		remote->pid = 0;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		warnx("%s: there is no uffd-wpctl of this name: install criu-uffd-wp there, or say with "
		      "--remote-uffd-wpctl where it is", remote->name);
	else
		warnx("%s can't be reached: is the name right, and does it let you in without a password, to run "
		      "uffd-wpctl as root?", remote->name);
}

static bool hear_undone(struct remote *remote)
{
	long long end = channel_now_ms() + (remote->gone ? GONE_MS : STOP_MS);
	char line[CHANNEL_LINE];

	/* Answers to what was asked before may come first. */
	do {
		while (channel_take_line(&remote->channel, line))
			if (!strcmp(line, CHANNEL_UNDONE))
				return true;
	} while (channel_fill(&remote->channel, SLICE_MS) >= 0 && channel_now_ms() < end);

	return false;
}

bool remote_stop(struct remote *remote)
{
	struct pollfd pidfd = { .events = POLLIN };
	bool undone = false;

	if (remote->channel.out) {
		close(remote->channel.out);
		undone = hear_undone(remote);
	}
	if (remote->pid > 0) {
		pidfd.fd = syscall(SYS_pidfd_open, remote->pid, 0);
		/* One that is gone has nothing to be waited for. */
		if (poll(&pidfd, 1, remote->gone ? GONE_MS : STOP_MS) <= 0)
			kill(-remote->pid, SIGKILL);
		close(pidfd.fd);
		waitpid(remote->pid, NULL, 0);
	}
	if (remote->channel.in)
		close(remote->channel.in);
	remote->channel = (struct channel){ 0 };
	remote->pid = 0;
	remote->gone = true;
	return undone;
}

/* What it answers to pings. */
static void listen_to(struct remote *remote, int timeout_ms)
{
	int ret = channel_fill(&remote->channel, timeout_ms);

	if (ret < 0)
		remote->gone = true;
	if (ret > 0)
		remote->heard_ms = channel_now_ms();
	/* Lest they fill the buffer while no answer is waited for. */
	channel_skip_lines(&remote->channel, CHANNEL_PONG);
}

void remote_ping(struct remote *remote)
{
	long long now = channel_now_ms();

	if (remote->gone || now - remote->pinged_ms < CHANNEL_PING_MS)
		return;

	remote->pinged_ms = now;
	if (channel_send(&remote->channel, CHANNEL_PING))
		remote->gone = true;
	else
		listen_to(remote, 0);
}

static bool is_interrupted(const struct remote *remote)
{
	return remote->runner && runner_interrupted(remote->runner);
}

static enum remote_result take_answer(const char *line, char *reply)
{
	size_t verdict = strcspn(line, " ");
	const char *text = line[verdict] ? line + verdict + 1 : "";

	if (verdict == 2 && !strncmp(line, "ok", 2)) {
		strcpy(reply, text);
		return REMOTE_OK;
	}
	/* Something else, as the greeting of a login shell, shows as an error, too. */
	strcpy(reply, verdict == 5 && !strncmp(line, "error", 5) ? text : line);
	return REMOTE_ERROR;
}

static enum remote_result wait_answer(struct remote *remote, char *reply, int timeout_ms, int silence_ms)
{
	long long end = channel_now_ms() + timeout_ms;
	char line[CHANNEL_LINE];

	*reply = '\0';
	remote->heard_ms = channel_now_ms();
	while (!remote->gone && channel_now_ms() < end && channel_now_ms() < remote->heard_ms + silence_ms) {
		channel_skip_lines(&remote->channel, CHANNEL_PONG);
		if (channel_take_line(&remote->channel, line))
			return take_answer(line, reply);
		if (is_interrupted(remote))
			return REMOTE_INTERRUPTED;
		remote_ping(remote);
		listen_to(remote, SLICE_MS);
	}

	remote->gone = true;
	return REMOTE_GONE;
}

enum remote_result remote_answer(struct remote *remote, char *reply, int timeout_ms)
{
	return wait_answer(remote, reply, timeout_ms, SILENCE_MS);
}

int remote_start(struct remote *remote, char **argv)
{
	char reply[CHANNEL_LINE] = "";
	enum remote_result result;

	remote->gone = false;
	if (connect_pipes(remote, argv)) {
		remote_stop(remote);
		return -1;
	}

	result = wait_answer(remote, reply, CONNECT_MS, CONNECT_MS);
	if (result == REMOTE_OK && !strcmp(reply, VERSION))
		return 0;

	if (result == REMOTE_OK)
		warnx("%s has uffd-wpctl %s, and this is " VERSION ": install the same on both", remote->name, reply);
	else if (result != REMOTE_INTERRUPTED) {
		usleep(SLICE_MS * 1000); /* for its exit status */
		report_no_agent(remote, result == REMOTE_ERROR ? reply : "");
	}
	remote_stop(remote);
	return -1;
}

void remote_report(const struct remote *remote, enum remote_result result, const char *reply)
{
	if (result == REMOTE_ERROR)
		warnx("%s: %s", remote->name, reply);
	else if (result == REMOTE_GONE)
		warnx("the connection to %s is lost", remote->name);
	else if (result == REMOTE_INTERRUPTED)
		warnx("interrupted");
}

int remote_ask(struct remote *remote, char *reply, const char *format, ...)
{
	char line[CHANNEL_LINE], ignored[CHANNEL_LINE];
	enum remote_result result = REMOTE_GONE;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);

	reply = reply ?: ignored;
	if (!remote->gone && !channel_send(&remote->channel, "%s", line))
		result = remote_answer(remote, reply, REMOTE_REPLY_MS);
	else
		remote->gone = true;
	remote_report(remote, result, reply);
	return result == REMOTE_OK ? 0 : -1;
}
