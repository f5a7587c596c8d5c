// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
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

#include "agent.h"
#include "criu-log.h"
#include "output.h"

#define SCRIPT_MS 20000

static void answer(struct agent *agent, const char *verdict, const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		err(EXIT_FAILED, "answer");
	if (channel_send(&agent->channel, "%s%s%s", verdict, *text ? " " : "", text))
		agent->gone = true;
	free(text);
}

void agent_ok(struct agent *agent, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	answer(agent, "ok", format, args);
	va_end(args);
}

void agent_error(struct agent *agent, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	answer(agent, "error", format, args);
	va_end(args);
}

/* Whether there is a line that is no ping. */
static bool has_line(struct agent *agent)
{
	struct channel *channel = &agent->channel;

	if (channel_skip_lines(channel, CHANNEL_PING) && channel_send(channel, CHANNEL_PONG))
		agent->gone = true;
	return memchr(channel->buf, '\n', channel->len);
}

static int milliseconds_left(const struct agent *agent, long long end)
{
	long long now = channel_now_ms(), until = agent->heard_ms + CHANNEL_LEASE_MS;

	if (end >= 0 && end < until)
		until = end;
	return until > now ? until - now : 0;
}

enum agent_wait agent_wait(struct agent *agent, int fd, bool lines, int timeout_ms)
{
	struct pollfd fds[] = { { .fd = agent->channel.in, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	long long end = timeout_ms < 0 ? -1 : channel_now_ms() + timeout_ms;

	while (!agent->gone && !agent_interrupted) {
		if (has_line(agent) && lines)
			return AGENT_LINE;
		if (poll(fds, 2, milliseconds_left(agent, end)) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			return AGENT_EVENT;
		if (fds[0].revents && channel_fill(&agent->channel, 0) < 0)
			break;
		if (fds[0].revents)
			agent->heard_ms = channel_now_ms();
		if (channel_now_ms() >= agent->heard_ms + CHANNEL_LEASE_MS)
			break;
		if (end >= 0 && channel_now_ms() >= end)
			return AGENT_TIMEOUT;
	}

	agent->gone = true;
	return AGENT_GONE;
}

pid_t agent_spawn(struct agent *agent, char **argv, int fd)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	pid_t pid;
	int ret;

	if (ftruncate(agent->output, 0))
		warn("ftruncate");
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, agent->output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, agent->output, STDERR_FILENO);
	if (fd >= 0)
		posix_spawn_file_actions_adddup2(&files, fd, 3);

	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	ret = posix_spawnp(&pid, argv[0], &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return ret ? -1 : pid;
}

int agent_reap(struct agent *agent, pid_t pid, int timeout_ms)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), status;
	bool ended = pidfd >= 0 && agent_wait(agent, pidfd, false, timeout_ms) == AGENT_EVENT;

	if (pidfd >= 0)
		close(pidfd);
	if (!ended)
		kill(-pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && ended ? status : -1;
}

int agent_run(struct agent *agent, char **argv, int timeout_ms)
{
	pid_t pid = agent_spawn(agent, argv, -1);

	return pid < 0 ? -1 : agent_reap(agent, pid, timeout_ms);
}

int agent_run_alone(struct agent *agent, char **argv, int timeout_ms)
{
	struct pollfd pidfd = { .events = POLLIN };
	int status;
	pid_t pid;

	pid = agent_spawn(agent, argv, -1);
	if (pid < 0)
		return -1;

	pidfd.fd = syscall(SYS_pidfd_open, pid, 0);
	if (poll(&pidfd, 1, timeout_ms) <= 0)
		kill(-pid, SIGKILL);
	close(pidfd.fd);
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

int agent_run_script(struct agent *agent, const char *stage, bool alone)
{
	char *argv[] = { agent->script, (char *)stage, NULL };
	int status;

	if (!agent->script)
		return 0;

	status = alone ? agent_run_alone(agent, argv, SCRIPT_MS) : agent_run(agent, argv, SCRIPT_MS);
	return status ? -1 : 0;
}

/* The last line that is not empty. */
static char *last_line(const char *path)
{
	char *line = NULL, *last = NULL;
	size_t size = 0;
	FILE *f;

	f = fopen(path, "re");
	if (!f)
		return NULL;

	while (getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!*line)
			continue;
		free(last);
		last = strdup(line);
	}
	fclose(f);
	free(line);
	if (last)
		make_printable(last);
	return last;
}

char *agent_why(struct agent *agent, const char *log)
{
	char *why = NULL, output[32];

	snprintf(output, sizeof(output), "/proc/self/fd/%d", agent->output);
	if (log)
		why = criu_log_first_error(log);
	if (!why)
		why = criu_log_first_error(output);
	if (!why)
		why = last_line(output);
	return why ?: strdup("it did not say why");
}
