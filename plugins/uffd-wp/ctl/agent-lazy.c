// SPDX-License-Identifier: GPL-2.0
/*
 * Lazy restore: tasks run as soon as all but their memory is there. It comes
 * from the images, which are on this host: what is touched first, and the rest
 * in the background.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "precopy-chain.h"

#define SOCKET "lazy-pages.socket" /* criu's name */
#define START_MS 2000 /* in which nothing is heard of the other side */
#define RETRY_US 1000
#define LOAD_MS 600000

static bool wait_for_socket(struct agent *agent)
{
	char *path = chain_subdir(agent->dir, SOCKET);
	long long end = channel_now_ms() + START_MS;
	struct stat st;
	bool there;

	while (!(there = !stat(path, &st)) && channel_now_ms() < end && !waitpid(agent->lazy_daemon, NULL, WNOHANG))
		usleep(RETRY_US);
	free(path);
	return there;
}

int agent_lazy_start(struct agent *agent)
{
	struct words words = { 0 };

	words_add(&words, "%s", agent->criu);
	words_add(&words, "lazy-pages");
	words_add(&words, "--images-dir");
	words_add(&words, "%s", agent->dir);
	words_add(&words, "--work-dir");
	words_add(&words, "%s", agent->dir);
	words_add(&words, "--log-file");
	words_add(&words, "%s/lazy-pages.log", agent->dir);
	agent->lazy_daemon = agent_spawn(agent, words.word, -1);
	words_free(&words);
	if (agent->lazy_daemon > 0 && wait_for_socket(agent))
		return 0;

	agent_lazy_kill(agent);
	return -1;
}

int agent_lazy_finish(struct agent *agent)
{
	int status;

	if (!agent->lazy_daemon)
		return 0;

	status = agent_reap(agent, agent->lazy_daemon, LOAD_MS);
	agent->lazy_daemon = 0;
	return status ? -1 : 0;
}

void agent_lazy_kill(struct agent *agent)
{
	if (agent->lazy_daemon > 0) {
		kill(agent->lazy_daemon, SIGKILL);
		waitpid(agent->lazy_daemon, NULL, 0);
	}
	agent->lazy_daemon = 0;
}
