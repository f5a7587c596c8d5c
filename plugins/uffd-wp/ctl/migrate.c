// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../keeper-client.h"
#include "migrate-report.h"
#include "migrate-transport.h"
#include "migrate.h"
#include "precopy-chain.h"
#include "precopy-criu.h"
#include "precopy-report.h"
#include "remove.h"
#include "target.h"
#include "tree.h"

struct pinging {
	struct run run; /* first */
	struct remote *remote;
};

static void ping(struct run *run)
{
	remote_ping(((struct pinging *)run)->remote);
}

int migrate_run_program(struct migrate *m, char **argv, struct run *run)
{
	struct pinging pinging = { .run.on_tick = ping, .remote = &m->remote };
	int ret = runner_run(&m->runner, argv, &pinging.run);

	*run = pinging.run;
	return ret;
}

int migrate_run_script(struct migrate *m, const char *stage)
{
	char *argv[] = { (char *)m->options->script, (char *)stage, NULL };
	struct run run = { 0 };

	if (!m->options->script)
		return 0;
	if (migrate_run_program(m, argv, &run))
		return -1;

	close(run.messages);
	close(run.lines);
	return run.left || run.status ? -1 : 0;
}

static int make_work(struct migrate *m)
{
	m->work = chain_subdir(m->options->dir, "uffd-wp-migrate.XXXXXX");
	if (mkdtemp(m->work))
		return 0;

	warn("can't make a directory for images in %s: choose another with -D", m->options->dir);
	free(m->work);
	m->work = NULL;
	return -1;
}

static char *address_of(const struct migrate_options *options)
{
	const char *at;

	if (options->address)
		return strdup(options->address);
	at = strrchr(options->host, '@');
	return strdup(at ? at + 1 : options->host);
}

/* The name may be another address there: hosts often know their own as 127.0.1.1. */
static int resolve(struct migrate *m)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	char numeric[NI_MAXHOST];
	int ret;

	ret = getaddrinfo(m->address, NULL, &hints, &found);
	if (!ret) {
		ret = getnameinfo(found->ai_addr, found->ai_addrlen, numeric, sizeof(numeric), NULL, 0, NI_NUMERICHOST);
		freeaddrinfo(found);
	}
	if (ret) {
		warnx("'%s' is not known as an address (%s): give --address ADDRESS, to which the memory is sent",
		      m->address, gai_strerror(ret));
		return -1;
	}

	m->numeric = strdup(numeric);
	return 0;
}

static int prepare(struct migrate *m)
{
	if (runner_init(&m->runner) || subject_find(&m->runner, m->options, &m->subject))
		return -1;

	m->criu = criu_find(m->options->criu);
	m->address = address_of(m->options);
	if (!m->criu || resolve(m) || make_work(m) || migrate_connect(m))
		return -1;

	return migrate_check(m);
}

/* It ran on, so its tracking is of no use any more. */
static void end_tracking(struct migrate *m)
{
	const char *why;
	struct tree tree;
	size_t i;
	int keeper;

	keeper = keeper_connect(&why);
	if (keeper < 0)
		return;

	tree_collect(m->subject.pid, &tree);
	for (i = 0; i < tree.nr; i++)
		untrack_quietly(keeper, tree.pids[i]);
	tree_free(&tree);
	close(keeper);
}

/* EXIT_OK, or another status, reported. */
static int migrate(struct migrate *m)
{
	if (prepare(m))
		return EXIT_FAILED;

	m->times.start = channel_now_ms();
	if (!m->options->json)
		print_table_header();
	if (migrate_iterate(m))
		return EXIT_FAILED;

	if (!m->options->json)
		print_verdict(m->verdict, &m->limits, m->iterations, m->nr);
	/* Who says how long it may be stopped does not want it to be stopped for longer. */
	if (m->limits.downtime_us && m->verdict != PRECOPY_GOAL_MET) {
		warnx("therefore it is not moved");
		return EXIT_UNMET;
	}

	return migrate_finish(m) ? EXIT_FAILED : EXIT_OK;
}

static void clean_up(struct migrate *m)
{
	if (m->remote.pid)
		remote_stop(&m->remote);
	if (!m->moved && m->tracked)
		end_tracking(m);
	if (m->hook >= 0)
		close(m->hook);
	if (m->options->keep && m->remote_work)
		warnx("images and logs are in %s here, and in %s there", m->work, m->remote_work);
	else if (m->work)
		remove_tree(m->work);
	if (!m->moved && m->nr && !target_ended(m->subject.pidfd))
		warnx("it was not moved, and runs on here");
	if (m->runner.signals >= 0)
		close(m->runner.signals);
	subject_free(&m->subject);
	free(m->iterations);
	free(m->steps);
	free(m->address);
	free(m->numeric);
	free(m->criu);
	free(m->work);
	free(m->remote_work);
}

int cmd_migrate(const struct arguments *args)
{
	struct migrate m = { .runner.signals = -1, .hook = -1, .subject = { .pidfd = -1, .lock = -1 } };
	struct migrate_options options;
	int status;

	if (migrate_parse_options(args->nr, args->words, &options))
		return EXIT_USAGE;

	options.json = args->json;
	m.options = &options;
	m.limits = options.limits;
	m.iterations = calloc(m.limits.max_iterations, sizeof(*m.iterations));
	m.steps = calloc(m.limits.max_iterations + 1, sizeof(*m.steps));
	if (!m.iterations || !m.steps)
		err(EXIT_FAILED, "migrate");

	signal(SIGPIPE, SIG_IGN);
	umask(077);
	/* A row when it is known, for who reads it through a pipe. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	status = migrate(&m);
	m.times.end = channel_now_ms();
	migrate_report(&m, status);
	clean_up(&m);
	migrate_free_options(&options);
	return status;
}
