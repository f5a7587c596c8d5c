// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../keeper-client.h"
#include "agent.h"
#include "migrate-hook.h"
#include "precopy-chain.h"
#include "precopy-criu.h"
#include "tree.h"

#define PIDFILE "pid"
#define CONFIG "criu.conf"
#define RESTORE_MS 600000
#define CHECK_MS 30000
#define DELETE_MS 30000
/* It has to run for so long before it counts as running. */
#define SETTLE_MS 50

static void process_words(struct agent *agent, struct words *words, const char *pidfile, const char *log)
{
	words_add(words, "%s", agent->criu);
	words_add(words, "restore");
	words_add_all(words, agent->restore_options.word);
	words_add(words, "--images-dir");
	words_add(words, "%s", agent->dir);
	words_add(words, "--log-file");
	words_add(words, "%s", log);
	words_add(words, "--restore-detached");
	if (agent->lazy) {
		words_add(words, "--lazy-pages");
		/* It runs soonest then, and images are on this host. */
		words_add(words, "--lazy-parents");
		words_add(words, "--work-dir");
		words_add(words, "%s", agent->dir);
	}
	words_add(words, "--pidfile");
	words_add(words, "%s", pidfile);
	words_add(words, "--action-script");
	words_add(words, "%s/" HOOK_SCRIPT, agent->work);
}

static void runtime_words(struct agent *agent, struct words *words)
{
	words_add(words, "%s", agent->runtime);
	if (agent->runtime_root) {
		words_add(words, "--root");
		words_add(words, "%s", agent->runtime_root);
	}
}

static void container_words(struct agent *agent, struct words *words, const char *pidfile)
{
	runtime_words(agent, words);
	words_add(words, "restore");
	words_add_all(words, agent->restore_options.word);
	words_add(words, "--detach");
	if (agent->lazy)
		words_add(words, "--lazy-pages");
	words_add(words, "--pid-file");
	words_add(words, "%s", pidfile);
	words_add(words, "--bundle");
	words_add(words, "%s", agent->bundle);
	words_add(words, "--image-path");
	words_add(words, "%s", agent->dir);
	words_add(words, "--work-path");
	words_add(words, "%s", agent->dir);
	words_add(words, "%s", agent->container);
}

/* Runtimes run criu themselves: this is how it gets our options. 0, or -1. */
static int write_config(struct agent *agent)
{
	char *path = chain_subdir(agent->work, CONFIG);
	FILE *f = fopen(path, "we");
	int ret = -1;

	if (f) {
		fprintf(f, "action-script \"%s/" HOOK_SCRIPT "\"\n%s", agent->work,
			agent->lazy ? "lazy-parents\n" : "");
		ret = fclose(f);
	}
	if (!ret)
		ret = setenv("CRIU_CONFIG_FILE", path, 1);
	program_put_first(agent->criu);
	free(path);
	return ret;
}

/* The tasks are complete, and stopped. Now the address may come here. */
static void answer_hook(struct agent *agent)
{
	enum hook_answer answer = HOOK_YES;
	char action[32];
	int fd;

	fd = hook_accept(agent->hook, action);
	if (fd < 0)
		return;

	agent->refused = agent_run_script(agent, "target-run", false);
	/* That its connection has ended may not have been looked at yet. */
	if (agent->refused || agent_wait(agent, -1, false, 0) == AGENT_GONE)
		answer = HOOK_NO;
	hook_answer(fd, answer);
}

/*
 * When the other side is gone it lets its tasks run again after CHANNEL_SAFE_MS:
 * the hook is not told to go on then, so that criu ends what it restores.
 */
static int wait_restore(struct agent *agent, pid_t pid)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC), pidfd = syscall(SYS_pidfd_open, pid, 0), status = -1;

	event.data.fd = agent->hook;
	epoll_ctl(epoll, EPOLL_CTL_ADD, agent->hook, &event);
	event.data.fd = pidfd;
	epoll_ctl(epoll, EPOLL_CTL_ADD, pidfd, &event);

	while (agent_wait(agent, epoll, false, RESTORE_MS) == AGENT_EVENT) {
		if (epoll_wait(epoll, &event, 1, 0) == 1 && event.data.fd == pidfd)
			break;
		answer_hook(agent);
	}

	/* Without an answer criu gives up. */
	close(agent->hook);
	agent->hook = -1;
	close(epoll);
	close(pidfd);
	waitpid(pid, &status, 0);
	return status;
}

static pid_t read_pidfile(const char *path)
{
	FILE *f = fopen(path, "re");
	int pid = 0;

	if (f && fscanf(f, "%d", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return pid;
}

static bool is_running(pid_t pid)
{
	return strchr("RSDI", process_state(pid));
}

/* The user's command says whether it does what it should. 0, or -1. */
static int run_check(struct agent *agent)
{
	char *argv[] = { "/bin/sh", "-c", agent->check, NULL };
	char pid[16];

	if (!agent->check)
		return 0;

	snprintf(pid, sizeof(pid), "%d", agent->root);
	setenv("MIGRATE_PID", pid, 1);
	return agent_run(agent, argv, CHECK_MS) ? -1 : 0;
}

/* NULL, or why it does not run; for the caller to free. */
static char *verify(struct agent *agent)
{
	char *why, *log, *text = NULL;

	if (!agent->root)
		return strdup("there is no pid of what was restored");
	if (agent_wait(agent, -1, false, SETTLE_MS) == AGENT_GONE)
		return strdup("the connection is lost");
	if (!is_running(agent->root))
		return strdup("it was restored, but does not run");
	if (agent_lazy_finish(agent)) {
		log = chain_subdir(agent->dir, "lazy-pages.log");
		why = agent_why(agent, log);
		free(log);
		if (asprintf(&text, "it was restored, but not all of its memory: %s", why) < 0)
			text = NULL;
		free(why);
		return text ?: strdup("its memory is not complete");
	}
	if (!run_check(agent))
		return NULL;

	why = agent_why(agent, NULL);
	if (asprintf(&text, "it was restored, but --check says that it does not work: %s", why) < 0)
		text = NULL;
	free(why);
	return text ?: strdup("--check failed");
}

static int run_restore(struct agent *agent, const char *log)
{
	char *pidfile = chain_subdir(agent->work, PIDFILE);
	struct words words = { 0 };
	int status = -1;
	pid_t pid;

	if (agent->container)
		container_words(agent, &words, pidfile);
	else
		process_words(agent, &words, pidfile, log);

	pid = agent_spawn(agent, words.word, -1);
	if (pid > 0)
		status = wait_restore(agent, pid);
	if (!status || agent->container)
		agent->root = read_pidfile(pidfile);
	words_free(&words);
	free(pidfile);
	return status;
}

static void report(struct agent *agent, int status, const char *log)
{
	struct task_id id;
	char *why;

	if (agent->refused) {
		agent_error(agent, "the script %s failed there for target-run", agent->script);
		return;
	}
	if (status || task_id_read(agent->root, &id)) {
		why = agent_why(agent, log);
		agent_error(agent, "it can't be restored there: %s", why);
		free(why);
		return;
	}

	/* Twice: when it runs, and that it still does. */
	agent_ok(agent, "%d %llu", agent->root, (unsigned long long)id.start_time);
	why = verify(agent);
	if (why)
		agent_error(agent, "%s", why);
	else
		agent_ok(agent, "%s", "");
	free(why);
}

/* All images have come. Two answers: it runs; it still does. */
void agent_restore(struct agent *agent, const char *arguments)
{
	char *log = chain_subdir(agent->dir, "restore.log"), *why;
	int status;

	(void)arguments;
	agent->hook = hook_listen(agent->work);
	if (agent->hook < 0 || (agent->container && write_config(agent))) {
		agent_error(agent, "can't prepare the restore in %s there", agent->work);
	} else {
		agent->arrived = true;
		if (agent_run_script(agent, "target-restore", false)) {
			why = agent_why(agent, NULL);
			agent_error(agent, "the script %s failed there for target-restore: %s", agent->script, why);
			free(why);
		} else if (agent->lazy && agent_lazy_start(agent)) {
			agent_error(agent, "criu lazy-pages does not start there");
		} else {
			status = run_restore(agent, log);
			report(agent, status, log);
		}
	}
	free(log);
}

void agent_undo(struct agent *agent)
{
	struct words words = { 0 };

	/* All that was restored, also in part: we are its subreaper. */
	tree_kill_descendants(getpid());
	agent_lazy_kill(agent);
	if (agent->arrived && agent->container) {
		runtime_words(agent, &words);
		words_add(&words, "delete");
		words_add(&words, "--force");
		words_add(&words, "%s", agent->container);
		agent_run_alone(agent, words.word, DELETE_MS);
		words_free(&words);
	}
	if (agent->arrived)
		agent_run_script(agent, "target-undo", true);
	agent->root = 0;
	agent->arrived = false;
}
