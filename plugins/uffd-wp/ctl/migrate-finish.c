// SPDX-License-Identifier: GPL-2.0
/*
 * The last dump. When all of it is stored and the tasks are stopped criu asks
 * whether to go on. Meanwhile the tasks are restored on the other side, and
 * when they are known to run there the answer is yes, and criu kills those
 * here. Whatever fails before that, the answer is no: criu unlocks the network
 * and lets them run on.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "criu-log.h"
#include "migrate-command.h"
#include "migrate-handover.h"
#include "migrate-hook.h"
#include "migrate.h"
#include "precopy-chain.h"
#include "precopy-criu.h"
#include "subject.h"
#include "target.h"
#include "tree.h"

#define GONE_MS 10000

struct last_dump {
	struct run run; /* first */
	struct migrate *m;
};

static void on_hook(struct run *run)
{
	struct migrate *m = ((struct last_dump *)run)->m;
	char action[32];
	int fd;

	fd = hook_accept(m->hook, action);
	if (fd < 0)
		return;

	if (strcmp(action, HOOK_POST_DUMP)) {
		m->times.dump = channel_now_ms();
		hook_answer(fd, HOOK_YES);
		return;
	}

	m->times.dumped = channel_now_ms();
	m->stopped = true;
	migrate_hand_over(m, fd);
}

static void tick(struct run *run)
{
	remote_ping(&((struct last_dump *)run)->m->remote);
}

static void report_dump(const struct migrate *m, const struct run *run, size_t n)
{
	char *dir = migrate_subdir(m, n), *log = chain_subdir(dir, "dump.log"), *why;

	why = criu_log_first_error(log);
	if (run->left)
		warnx("criu (process %d) was left alone", run->pid);
	else if (target_ended(m->subject.pidfd))
		target_report_ended(m->subject.pid);
	else
		warnx("the last dump failed: %s", why ?: "it did not say why; are the options behind -- right?");
	free(why);
	free(log);
	free(dir);
}

/* It must not run here any more; and the locks of its connections are not needed any more. */
static void clean_up_source(struct migrate *m, size_t n)
{
	long long end = channel_now_ms() + GONE_MS;

	while (!target_ended(m->subject.pidfd) && channel_now_ms() < end)
		usleep(10000);
	if (!target_ended(m->subject.pidfd)) {
		warnx("criu did not end the process %d, which runs on the other host: killing it", m->subject.pid);
		tree_kill(m->subject.pid);
	}

	migrate_unlock_network(m, n);
	if (migrate_run_script(m, "source-gone"))
		warnx("the script failed for source-gone; it is moved all the same");
}

static int run_last_dump(struct migrate *m, size_t n, unsigned int port)
{
	struct last_dump dump = { .run = { .on_tick = tick, .on_event = on_hook, .event_fd = m->hook }, .m = m };
	struct words words = { 0 };
	int ret;

	ret = migrate_dump_words(m, n, port, &words);
	if (!ret)
		ret = runner_run(&m->runner, words.word, &dump.run);
	words_free(&words);
	if (ret)
		return -1;

	if (!m->stopped)
		report_dump(m, &dump.run, n);
	close(dump.run.messages);
	close(dump.run.lines);
	m->steps[n - 1].seconds = dump.run.seconds;
	return m->moved ? 0 : -1;
}

int migrate_finish(struct migrate *m)
{
	size_t n = m->nr + 1;
	unsigned int port;
	int ret = -1;

	if (runner_interrupted(&m->runner)) {
		warnx("interrupted");
		return -1;
	}

	if (migrate_begin_step(m, n, &port))
		return -1;

	m->hook = hook_listen(m->work);
	if (m->hook >= 0)
		ret = run_last_dump(m, n, port);
	if (m->moved)
		clean_up_source(m, n);
	/* Why the dump failed, maybe. */
	else if (!m->stopped)
		remote_ask(&m->remote, NULL, "served");
	return ret;
}
