// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../keeper-client.h"
#include "agent.h"
#include "migrate-files.h"
#include "precopy-chain.h"
#include "precopy-criu.h"
#include "remove.h"

volatile sig_atomic_t agent_interrupted;

static const struct {
	const char *name;
	size_t offset;
} settings[] = {
#define SETTING(name, field) { name, offsetof(struct agent, field) }
	SETTING("criu", criu),
	SETTING("script", script),
	SETTING("check", check),
	SETTING("runtime", runtime),
	SETTING("runtime-root", runtime_root),
	SETTING("container", container),
	SETTING("bundle", bundle),
};

/* NAME VALUE */
static void set(struct agent *agent, const char *arguments)
{
	size_t len = strcspn(arguments, " "), i;
	char **value;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strlen(settings[i].name) != len || strncmp(settings[i].name, arguments, len))
			continue;
		value = (char **)((char *)agent + settings[i].offset);
		free(*value);
		*value = strdup(arguments[len] ? arguments + len + 1 : "");
		agent_ok(agent, "%s", "");
		return;
	}

	agent_error(agent, "there is nothing to be set by '%s' there", arguments);
}

/* DIR: makes one of its own in there, and answers with its name. */
static void begin(struct agent *agent, const char *arguments)
{
	char *path = chain_subdir(arguments, "uffd-wp-migrate.XXXXXX");

	if (agent->work || !mkdtemp(path)) {
		agent_error(agent, "can't make a directory in %s there: %s; choose another with --remote-dir",
			    arguments, strerror(errno));
		free(path);
		return;
	}

	agent->work = path;
	agent_ok(agent, "%s", path);
}

/* NAME: of a directory for the files that come from now on. */
static void make_dir(struct agent *agent, const char *arguments)
{
	free(agent->dir);
	agent->dir = chain_subdir(agent->work, arguments);
	if (strchr(arguments, '/') || mkdir(agent->dir, 0700))
		agent_error(agent, "can't make %s there: %s", agent->dir, strerror(errno));
	else
		agent_ok(agent, "%s", "");
}

/* No answer: "stored" asks for one. */
static void file(struct agent *agent, const char *arguments)
{
	const char *error;

	if (files_receive(&agent->channel, agent->dir, arguments, &error))
		agent->gone = true;
	agent->heard_ms = channel_now_ms();
	if (error)
		agent->not_stored = error;
}

static void stored(struct agent *agent, const char *arguments)
{
	(void)arguments;
	if (agent->not_stored)
		agent_error(agent, "can't store images in %s there: %s", agent->dir, agent->not_stored);
	else
		agent_ok(agent, "%s", "");
}

static void keep(struct agent *agent, const char *arguments)
{
	(void)arguments;
	agent->kept = agent->root != 0;
	if (agent->kept)
		agent_ok(agent, "%s", "");
	else
		agent_error(agent, "there is nothing to keep");
}

/* PID START: whether that process is there, for who lost the answer to "keep". */
static void alive(struct agent *agent, const char *arguments)
{
	unsigned long long start = 0;
	struct task_id id;
	int pid = 0;

	sscanf(arguments, "%d %llu", &pid, &start);
	agent_ok(agent, "%s", !task_id_read(pid, &id) && id.start_time == start ? "yes" : "no");
}

static void set_lazy(struct agent *agent, const char *arguments)
{
	(void)arguments;
	agent->lazy = true;
	agent_ok(agent, "%s", "");
}

static void keep_files(struct agent *agent, const char *arguments)
{
	(void)arguments;
	agent->keeps_files = true;
	agent_ok(agent, "%s", "");
}

static void server_option(struct agent *agent, const char *arguments)
{
	words_add(&agent->server_options, "%s", arguments);
	agent_ok(agent, "%s", "");
}

static void restore_option(struct agent *agent, const char *arguments)
{
	words_add(&agent->restore_options, "%s", arguments);
	agent_ok(agent, "%s", "");
}

static const struct {
	const char *name;
	void (*run)(struct agent *agent, const char *arguments);
	bool needs_dir;
} requests[] = {
	{ "set", set, false },
	{ "feature", agent_feature, false },
	{ "begin", begin, false },
	{ "dir", make_dir, false },
	{ "file", file, true },
	{ "stored", stored, true },
	{ "space", agent_space, false },
	{ "path", agent_path, false },
	{ "pid", agent_pid, false },
	{ "cpu", agent_cpu, true },
	{ "container", agent_container, true },
	{ "lazy", set_lazy, false },
	{ "keep-files", keep_files, false },
	{ "server-option", server_option, false },
	{ "restore-option", restore_option, false },
	{ "serve", agent_serve, true },
	{ "served", agent_served, true },
	{ "restore", agent_restore, true },
	{ "keep", keep, true },
	{ "alive", alive, false },
};

static void serve_request(struct agent *agent, char *line)
{
	char *arguments = line + strcspn(line, " ");
	size_t i;

	if (*arguments)
		*arguments++ = '\0';

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(requests[i].name, line))
			continue;
		if (requests[i].needs_dir && !agent->dir)
			break;
		requests[i].run(agent, arguments);
		return;
	}

	agent_error(agent, "'%s' is not known there, or out of order", line);
}

static void interrupt(int sig)
{
	(void)sig;
	agent_interrupted = 1;
}

/* Not restarted: they have to end a poll(2). */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = interrupt };

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static void finish(struct agent *agent)
{
	if (!agent->kept) {
		agent_undo(agent);
		channel_send(&agent->channel, CHANNEL_UNDONE);
	}
	if (agent->work && !agent->keeps_files)
		remove_tree(agent->work);
}

int cmd_migrate_agent(const struct arguments *args)
{
	struct agent agent = { .channel = { .in = STDIN_FILENO, .out = STDOUT_FILENO }, .hook = -1 };
	char line[CHANNEL_LINE];

	(void)args;
	catch_signals();
	/* What is restored becomes our child. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	umask(077);
	agent.output = memfd_create("output", MFD_CLOEXEC);
	if (agent.output < 0 || fcntl(agent.output, F_SETFL, O_APPEND))
		err(EXIT_FAILED, "memfd_create");
	agent.criu = criu_find(NULL);
	agent.heard_ms = channel_now_ms();
	agent_ok(&agent, "%s", VERSION);

	while (agent_wait(&agent, -1, true, -1) == AGENT_LINE) {
		channel_take_line(&agent.channel, line);
		serve_request(&agent, line);
	}

	finish(&agent);
	return agent.kept ? EXIT_OK : EXIT_FAILED;
}
