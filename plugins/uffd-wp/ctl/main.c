// SPDX-License-Identifier: GPL-2.0
/* uffd-wpctl: what CRIU's uffd-wp plugin tracks, and how to end it. */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static const struct command {
	const char *name;
	int (*run)(const struct arguments *args);
	int min_words, max_words;
	bool takes_all; /* --all instead of a word */
	const char *words;
	const char *help;
} commands[] = {
	{ "list", cmd_list, 0, 0, false, "", "show all tracked tasks" },
	{ "stat", cmd_stat, 1, 2, false, "PID [SECONDS]",
	  "show how much of its memory a task has written since it was\n"
	  "                           protected; with SECONDS, look again after that time, show the rate" },
	{ "untrack", cmd_untrack, 1, 1, true, "PID | --all", "end the tracking of one task, or of all" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *out)
{
	size_t i;

	fputs("Usage: uffd-wpctl [--json] COMMAND\n"
	      "Shows and ends the memory tracking of CRIU's uffd-wp plugin.\n\n", out);
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-8s %-15s %s\n", commands[i].name, commands[i].words, commands[i].help);
	fputs("\n"
	      "  --json                   print JSON\n"
	      "  --help                   show this text\n"
	      "  --version                show the version\n"
	      "\n"
	      "Exit status: 0 done, 1 failed, 2 usage.\n", out);
}

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
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

	return args->nr >= command->min_words && args->nr <= command->max_words;
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct arguments args = { 0 };
	int ret;

	ret = parse_options(argc, argv, &args);
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

	/* getopt_long(3) has moved all words behind the options. */
	args.nr = argc - optind - 1;
	args.words = argv + optind + 1;
	if (!words_fit(command, &args)) {
		warnx("usage: uffd-wpctl [--json] %s %s", command->name, command->words);
		return EXIT_USAGE;
	}

	return command->run(&args);
}
