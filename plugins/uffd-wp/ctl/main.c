// SPDX-License-Identifier: GPL-2.0
/* uffd-wpctl: what CRIU's uffd-wp plugin tracks, how to end it, and pre-dumps until a dump is short. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "ctl.h"
#include "migrate-hook.h"

static const struct command {
	const char *name;
	int (*run)(const struct arguments *args);
	int min_words, max_words;
	bool takes_all; /* --all instead of a word */
	bool own_options; /* it parses all that follows */
	const char *words;
	const char *help; /* NULL: not for users */
} commands[] = {
	{ "list", cmd_list, 0, 0, false, false, "", "show all tracked tasks" },
	{ "stat", cmd_stat, 1, 2, false, false, "PID [SECONDS]",
	  "show how much of its memory a task has written since it was\n"
	  "                           protected; with SECONDS, look again after that time, show the rate" },
	{ "untrack", cmd_untrack, 1, 1, true, false, "PID | --all", "end the tracking of one task, or of all" },
	{ "precopy", cmd_precopy, 0, 0, false, true, "-t PID -D DIR",
	  "make live pre-dumps of a tree into directories below DIR, until a dump\n"
	  "                           would stop it for a short time only. Options:\n"
	  "                             --downtime MS        so many milliseconds are short enough\n"
	  "                             --max-iterations N   make at most N pre-dumps (default 10)\n"
	  "                             --dump               then dump it, if the goal is reached\n"
	  "                             --criu PATH          the criu to use\n"
	  "                             -- OPTION...         more options for criu" },
	{ "migrate", cmd_migrate, 0, 0, false, true, "(-t PID | -c CONTAINER) (--to HOST | --rsh COMMAND)",
	  "\n                           move a tree, or a container of runc, to another host while it runs;\n"
	  "                           see uffd-wpctl(1) for its options" },
	{ "migrate-agent", cmd_migrate_agent, 0, 0, false, false, "", NULL },
	{ "migrate-hook", cmd_migrate_hook, 2, 2, false, false, "SOCKET ACTION", NULL },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	size_t i;

	fputs("Usage: uffd-wpctl [--json] COMMAND\n"
	      "Shows and ends the memory tracking of CRIU's uffd-wp plugin, makes live pre-dumps, moves processes.\n\n",
	      out);
	for (i = 0; i < NR_COMMANDS; i++)
		if (commands[i].help)
			fprintf(out, "  %-8s %-15s %s\n", commands[i].name, commands[i].words, commands[i].help);
	fputs("\n"
	      "  --json                   print JSON\n"
	      "  --help                   show this text\n"
	      "  --version                show the version\n"
	      "\n"
	      "Exit status: 0 done, 1 failed, 2 usage, 3 precopy or migrate did not reach the goal.\n", out);
}

/* order: as the first character of getopt_long(3)'s optstring. -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, const char *order, struct arguments *args)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int opt;

	optind = 0; /* from the start */
	while ((opt = getopt_long(argc, argv, order, options, NULL)) != -1) {
		switch (opt) {
		case 'a':
			args->all = true;
			break;
		case 'j':
			args->json = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_OK;
		case 'V':
			printf("uffd-wpctl %s\n", VERSION);
			return EXIT_OK;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}

	return -1;
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];

	return NULL;
}

static bool words_fit(const struct command *command, const struct arguments *args)
{
	if (args->all)
		return command->takes_all && args->nr == 0;
	if (command->own_options)
		return true;

	return args->nr >= command->min_words && args->nr <= command->max_words;
}

/* argv begins with the command. */
static int run_command(const struct command *command, int argc, char **argv, struct arguments *args)
{
	int ret;

	argv[0] = program_invocation_short_name;
	if (!command->own_options) {
		ret = parse_options(argc, argv, "", args);
		if (ret >= 0)
			return ret;

		/* getopt_long(3) has moved all words behind the options. */
		argc -= optind;
		argv += optind;
	}

	args->nr = argc;
	args->words = argv;
	if (!words_fit(command, args)) {
		warnx("usage: uffd-wpctl [--json] %s %s", command->name, command->words);
		return EXIT_USAGE;
	}

	return command->run(args);
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct arguments args = { 0 };
	int ret;

	ret = parse_options(argc, argv, "+", &args);
	if (ret >= 0)
		return ret;

	if (optind == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}

	command = find_command(argv[optind]);
	if (!command) {
		warnx("there is no command '%s', see uffd-wpctl --help", argv[optind]);
		return EXIT_USAGE;
	}

	return run_command(command, argc - optind, argv + optind, &args);
}
