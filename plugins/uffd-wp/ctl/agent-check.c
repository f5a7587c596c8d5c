// SPDX-License-Identifier: GPL-2.0
/* Whether this host can take what is to come. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent.h"
#include "criu-version.h"
#include "precopy-chain.h"

#define CHECK_MS 30000

/* Nothing. Answers with the version of criu, which has to be able to track memory. */
void agent_feature(struct agent *agent, const char *arguments)
{
	char *argv[] = { agent->criu, "check", "--feature", "uffd_wp_async", NULL };
	char version[CRIU_VERSION_SIZE];
	char *why;

	(void)arguments;
	if (!agent->criu || agent_run(agent, argv, CHECK_MS)) {
		why = agent_why(agent, NULL);
		agent_error(agent, "%s there can't track memory with uffd-wp (%s): install criu-uffd-wp there, with "
			    "its plugin", agent->criu ?: "criu", why);
		free(why);
		return;
	}
	if (criu_version(agent->criu, version)) {
		agent_error(agent, "%s there does not say its version", agent->criu);
		return;
	}

	agent_ok(agent, "%s", version);
}

/* Kibibytes of /proc/meminfo; 0: not known. */
static unsigned long long available_memory(void)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *f;

	f = fopen("/proc/meminfo", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib * 1024;
}

/* BYTES of memory. Needed as such, and on disk. */
void agent_space(struct agent *agent, const char *arguments)
{
	unsigned long long bytes = strtoull(arguments, NULL, 10), disk, memory = available_memory();
	struct statvfs fs;

	if (statvfs(agent->work, &fs)) {
		agent_error(agent, "%s: %s", agent->work, strerror(errno));
		return;
	}

	disk = (unsigned long long)fs.f_bavail * fs.f_frsize;
	if (disk < bytes)
		agent_error(agent, "%llu MiB are free for images in %s there, %llu MiB are needed: make room, or "
			    "choose another directory with --remote-dir", disk >> 20, agent->work, bytes >> 20);
	else if (memory && memory < bytes)
		agent_error(agent, "%llu MiB of memory are available there, %llu MiB are needed", memory >> 20,
			    bytes >> 20);
	else
		agent_ok(agent, "%llu", disk);
}

/* SIZE PATH: of a file that is mapped or open; or "- PATH": a directory. */
void agent_path(struct agent *agent, const char *arguments)
{
	const char *path = strchr(arguments, ' ');
	struct stat st;

	if (!path) {
		agent_error(agent, "no path");
		return;
	}

	path++;
	if (stat(path, &st))
		agent_error(agent, "%s is not there (%s): the same files have to be on both hosts", path,
			    strerror(errno));
	else if (*arguments == '-' && !S_ISDIR(st.st_mode))
		agent_error(agent, "%s is not a directory there", path);
	else if (*arguments != '-' && strtoll(arguments, NULL, 10) != st.st_size)
		agent_error(agent, "%s is another file there: it has %lld bytes, not %lld", path, (long long)st.st_size,
			    strtoll(arguments, NULL, 10));
	else
		agent_ok(agent, "%s", "");
}

/* PID: it has to be free. */
void agent_pid(struct agent *agent, const char *arguments)
{
	pid_t pid = atoi(arguments);

	if (pid <= 0)
		agent_error(agent, "no pid");
	else if (!kill(pid, 0) || errno != ESRCH)
		agent_error(agent, "the pid %d is in use there: processes keep their pids, unless they are in a pid "
			    "namespace of their own, as containers are", pid);
	else
		agent_ok(agent, "%s", "");
}

/* The files of criu cpuinfo dump have come. */
void agent_cpu(struct agent *agent, const char *arguments)
{
	char *argv[] = { agent->criu, "cpuinfo", "check", "--images-dir", agent->dir, NULL };
	char *why;

	(void)arguments;
	if (!agent_run(agent, argv, CHECK_MS)) {
		agent_ok(agent, "%s", "");
		return;
	}

	why = agent_why(agent, NULL);
	agent_error(agent, "the processor there can't take over (criu cpuinfo check: %s)", why);
	free(why);
}

/* The configuration of the container has come. Its bundle has to have the same, and a root file system. */
static bool bundle_fits(struct agent *agent)
{
	char *sent = chain_subdir(agent->dir, "config.json"), *here = chain_subdir(agent->bundle, "config.json");
	char *argv[] = { "cmp", "-s", sent, here, NULL };
	int status = agent_run(agent, argv, CHECK_MS);

	if (status)
		agent_error(agent, "%s is not there, or not the same as here: the bundle has to be on both hosts",
			    here);
	free(sent);
	free(here);
	return !status;
}

/* PATH of its root file system. */
void agent_container(struct agent *agent, const char *arguments)
{
	struct words state = { 0 };
	struct stat st;
	int status;

	if (!bundle_fits(agent))
		return;
	if (stat(arguments, &st) || !S_ISDIR(st.st_mode)) {
		agent_error(agent, "the root file system %s is not there", arguments);
		return;
	}

	words_add(&state, "%s", agent->runtime);
	if (agent->runtime_root) {
		words_add(&state, "--root");
		words_add(&state, "%s", agent->runtime_root);
	}
	words_add(&state, "--version");
	status = agent_run(agent, state.word, CHECK_MS);
	if (status) {
		agent_error(agent, "can't run %s there: install it, or name another with --runtime", agent->runtime);
	} else {
		free(state.word[--state.nr]);
		state.word[state.nr] = NULL;
		words_add(&state, "state");
		words_add(&state, "%s", agent->container);
		if (agent_run(agent, state.word, CHECK_MS))
			agent_ok(agent, "%s", "");
		else
			agent_error(agent, "there is a container %s there already", agent->container);
	}
	words_free(&state);
}
