// SPDX-License-Identifier: GPL-2.0
/* Pre-dumps, whose pages go to the other side. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "criu-log.h"
#include "migrate-files.h"
#include "migrate.h"
#include "precopy-chain.h"
#include "precopy-criu.h"
#include "precopy-iteration.h"
#include "target.h"

char *migrate_subdir(const struct migrate *m, size_t n)
{
	char name[24];

	snprintf(name, sizeof(name), "%zu", n);
	return chain_subdir(m->work, name);
}

int migrate_begin_step(struct migrate *m, size_t n, unsigned int *port)
{
	char reply[CHANNEL_LINE], name[24];

	snprintf(name, sizeof(name), "%zu", n);
	if (remote_ask(&m->remote, NULL, "dir %s", name) || chain_make_subdir(m->work, name))
		return -1;
	if (remote_ask(&m->remote, reply, "serve %zu %s", n, m->numeric))
		return -1;

	*port = atoi(reply);
	return 0;
}

int migrate_end_step(struct migrate *m, size_t n)
{
	char *dir = migrate_subdir(m, n), reply[CHANNEL_LINE];
	struct migrate_step *step = &m->steps[n - 1];
	int ret = -1;

	if (!remote_ask(&m->remote, reply, "served")) {
		step->written = strtoull(reply, NULL, 10);
		if (!files_send(&m->remote.channel, dir, &step->written))
			ret = remote_ask(&m->remote, NULL, "stored");
	}
	free(dir);
	return ret;
}

void migrate_add_server(const struct migrate *m, struct words *words, unsigned int port)
{
	words_add_all(words, m->options->tls.word);
	words_add(words, "--page-server");
	words_add(words, "--address");
	words_add(words, "%s", m->address);
	words_add(words, "--port");
	words_add(words, "%u", port);
}

struct pre_dump {
	struct iteration it; /* first, as its run is there */
	struct migrate *m;
};

static void tick(struct run *run)
{
	struct pre_dump *pre_dump = (struct pre_dump *)run;

	remote_ping(&pre_dump->m->remote);
	if (!pre_dump->m->options->json && isatty(STDOUT_FILENO))
		iteration_show(&pre_dump->it);
}

static void report_pre_dump(struct migrate *m, const struct iteration *it, const char *dir)
{
	char *log = chain_subdir(dir, "pre-dump.log");
	char *why = criu_log_first_error(log);

	if (it->run.left)
		warnx("criu (process %d) was left alone", it->run.pid);
	else if (target_ended(m->subject.pidfd))
		target_report_ended(m->subject.pid);
	else
		warnx("criu pre-dump failed: %s", why ?: "it did not say why");
	free(why);
	free(log);
}

static void add_iteration(struct migrate *m, const struct iteration *it)
{
	m->iterations[m->nr] = iteration_result(it);
	m->steps[m->nr].seconds = it->run.seconds;
	m->steps[m->nr].scanned = it->status.scanned;
	m->nr++;
	if (!m->options->json)
		iteration_print(it);
}

static int run_pre_dump(struct migrate *m, struct iteration *it, unsigned int port)
{
	char *dir = migrate_subdir(m, it->n), **words;
	struct words options = { 0 };
	bool failed;

	migrate_add_server(m, &options, port);
	words = criu_pre_dump_words(&(struct criu){ m->criu, m->subject.pid, m->work, options.word }, it->n);
	words_free(&options);
	m->tracked = true;
	failed = runner_run(&m->runner, words, &it->run);
	criu_free_words(words);

	if (!failed) {
		failed = !iteration_is_complete(it);
		if (failed)
			report_pre_dump(m, it, dir);
		close(it->run.messages);
		close(it->run.lines);
	}
	free(dir);
	return failed ? -1 : 0;
}

static int iterate_once(struct migrate *m)
{
	struct pre_dump pre_dump = { .it = { .run.on_tick = tick, .n = m->nr + 1 }, .m = m };
	struct iteration *it = &pre_dump.it;
	unsigned int port;
	int ret;

	if (target_ended(m->subject.pidfd)) {
		target_report_ended(m->subject.pid);
		return -1;
	}
	if (migrate_begin_step(m, it->n, &port))
		return -1;

	ret = run_pre_dump(m, it, port);
	/* Also when it failed: this may be why. */
	if (migrate_end_step(m, it->n) || ret)
		return -1;

	add_iteration(m, it);
	return 0;
}

int migrate_iterate(struct migrate *m)
{
	do {
		if (runner_interrupted(&m->runner)) {
			warnx("interrupted");
			return -1;
		}
		if (iterate_once(m))
			return -1;
		m->verdict = precopy_decide(&m->limits, m->iterations, m->nr);
	} while (m->verdict == PRECOPY_GO_ON);

	return 0;
}
