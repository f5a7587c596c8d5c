// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl.h"
#include "precopy-chain.h"
#include "precopy-criu.h"
#include "precopy-iteration.h"
#include "precopy-options.h"
#include "precopy-policy.h"
#include "precopy-report.h"
#include "precopy-run.h"
#include "target.h"

struct precopy {
	struct criu criu;
	struct runner runner;
	struct precopy_limits limits;
	int pidfd; /* the target */
	size_t nr; /* pre-dumps that are complete */
	struct precopy_iteration *iterations; /* limits.max_iterations of them */
	enum precopy_verdict verdict;
	bool failed; /* a criu, at another one */
	bool left; /* a criu still makes another one */
};

static void show_progress(struct run *run)
{
	iteration_show((struct iteration *)run);
}

/* Why a pre-dump is not complete. */
static void report_pre_dump(const struct precopy *p, const struct iteration *it, const char *subdir)
{
	char *dir = chain_subdir(p->criu.dir, subdir);

	if (p->left)
		warnx("criu (process %d) goes on by itself: when it has ended, the pre-dump in %s is complete if there "
		      "is a file stats-dump in it", it->run.pid, dir);
	else if (it->run.status)
		report_failure("pre-dump", dir, &it->run);
	else
		warnx("criu did not say that the pre-dump into %s is complete: is %s a criu with --pre-dump-mode live?",
		      dir, p->criu.path);

	free(dir);
}

/* 0, or -1, reported: there are to be no others. */
static int run_pre_dump(struct precopy *p, struct iteration *it, const char *subdir)
{
	char **words = criu_pre_dump_words(&p->criu, it->n);
	int ret;

	ret = runner_run(&p->runner, words, &it->run);
	criu_free_words(words);
	if (ret)
		return -1;

	p->left = it->run.left;
	p->failed = !iteration_is_complete(it);
	if (p->failed) {
		report_pre_dump(p, it, subdir);
	} else {
		iteration_print(it);
		p->iterations[p->nr++] = iteration_result(it);
	}

	close(it->run.messages);
	close(it->run.lines);
	return p->failed ? -1 : 0;
}

static int iterate_once(struct precopy *p)
{
	struct iteration it = { .n = p->nr + 1 };
	char subdir[24];

	if (isatty(STDOUT_FILENO))
		it.run.on_tick = show_progress;
	snprintf(subdir, sizeof(subdir), "%zu", it.n);
	if (target_ended(p->pidfd) || chain_make_subdir(p->criu.dir, subdir))
		return -1;
	return run_pre_dump(p, &it, subdir);
}

/* 0: there is a verdict. -1: it was stopped by what was reported, or the target ended. */
static int iterate(struct precopy *p)
{
	do {
		if (runner_interrupted(&p->runner)) {
			warnx("interrupted: no more pre-dumps are made");
			return -1;
		}
		if (iterate_once(p))
			return -1;
		p->verdict = precopy_decide(&p->limits, p->iterations, p->nr);
	} while (p->verdict == PRECOPY_GO_ON);

	return 0;
}

/* Prints how to dump on top of what is complete. 0, or -1, reported. */
static int print_dump(const struct precopy *p, const char *introduction)
{
	char **words;

	/* criu wants it to be there. */
	if (chain_make_subdir(p->criu.dir, CHAIN_FINAL))
		return -1;

	words = criu_dump_words(&p->criu, p->nr);
	puts(introduction);
	criu_print_words(words);
	criu_free_words(words);
	return 0;
}

/* After something that was reported, or because the target ended. */
static int finish_early(const struct precopy *p)
{
	/* It is not known what will be complete. */
	if (p->left)
		return EXIT_FAILED;

	if (target_ended(p->pidfd))
		target_report_ended(p->criu.pid);
	else if (!p->nr)
		warnx("no pre-dump is complete: before you try again remove %s", p->criu.dir);
	else
		print_dump(p, "The pre-dumps of the table are complete. A dump on top of them:");
	return EXIT_FAILED;
}

static int report_dump(const struct precopy *p, const struct run *run)
{
	char *dir = chain_subdir(p->criu.dir, CHAIN_FINAL);
	int status = EXIT_FAILED;

	if (run->left) {
		warnx("criu (process %d) goes on by itself with the dump into %s", run->pid, dir);
	} else if (run->status) {
		report_failure("dump", dir, run);
		warnx("the pre-dumps are as they were: repeat the command above");
	} else {
		printf("Dumped to %s in %.2f s.\n", dir, run->seconds);
		status = EXIT_OK;
	}

	free(dir);
	return status;
}

static int final_dump(struct precopy *p)
{
	struct run run = { 0 };
	char **words;
	int ret;

	if (runner_interrupted(&p->runner)) {
		warnx("interrupted: it is not dumped");
		return EXIT_FAILED;
	}
	if (target_ended(p->pidfd)) {
		target_report_ended(p->criu.pid);
		return EXIT_FAILED;
	}

	words = criu_dump_words(&p->criu, p->nr);
	ret = runner_run(&p->runner, words, &run);
	criu_free_words(words);
	if (ret)
		return EXIT_FAILED;

	ret = report_dump(p, &run);
	close(run.messages);
	close(run.lines);
	return ret;
}

/* There is a verdict. */
static int finish(struct precopy *p, bool dump)
{
	bool unmet = p->limits.downtime_us && p->verdict != PRECOPY_GOAL_MET;

	print_verdict(p->verdict, &p->limits, p->iterations, p->nr);
	/* Who says how long it may be stopped does not want it to be stopped for longer. */
	if (print_dump(p, dump && unmet ? "Therefore it is not dumped. The final dump would be:" : "The final dump:"))
		return EXIT_FAILED;
	if (unmet)
		return EXIT_UNMET;

	return dump ? final_dump(p) : EXIT_OK;
}

static int precopy(struct precopy *p, const struct precopy_options *options)
{
	p->pidfd = target_open(p->criu.pid);
	if (p->pidfd < 0)
		return EXIT_FAILED;

	p->criu.path = criu_find(options->criu);
	if (!p->criu.path)
		return EXIT_FAILED;

	p->criu.dir = chain_prepare(options->dir);
	if (!p->criu.dir || runner_init(&p->runner))
		return EXIT_FAILED;

	/* A row when it is known, for who reads it through a pipe. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	print_table_header();
	return iterate(p) ? finish_early(p) : finish(p, options->dump);
}

int cmd_precopy(const struct arguments *args)
{
	struct precopy p = { .pidfd = -1, .runner.signals = -1 };
	struct precopy_options options;
	int status;

	if (args->json) {
		warnx("precopy does not print JSON");
		return EXIT_USAGE;
	}
	if (precopy_parse_options(args->nr, args->words, &options))
		return EXIT_USAGE;

	p.limits = options.limits;
	p.criu.pid = options.pid;
	p.criu.options = options.criu_options;
	p.iterations = calloc(p.limits.max_iterations, sizeof(*p.iterations));
	if (!p.iterations)
		err(EXIT_FAILED, "precopy");

	status = precopy(&p, &options);
	if (p.runner.signals >= 0)
		close(p.runner.signals);
	if (p.pidfd >= 0)
		close(p.pidfd);
	free(p.iterations);
	free(p.criu.path);
	free(p.criu.dir);
	return status;
}
