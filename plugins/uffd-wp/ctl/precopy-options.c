// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "precopy-options.h"

/* 0, or -EINVAL, reported. */
static int parse_option(int opt, struct precopy_options *options)
{
	unsigned long number;

	switch (opt) {
	case 't':
		return parse_pid(optarg, &options->pid);
	case 'D':
		options->dir = optarg;
		return 0;
	case 'n':
		if (parse_number("--max-iterations", optarg, MAX_ITERATIONS, &number))
			return -EINVAL;
		options->limits.max_iterations = number;
		return 0;
	case 'm':
		if (parse_number("--downtime", optarg, MAX_DOWNTIME_MS, &number))
			return -EINVAL;
		options->limits.downtime_us = number * 1000;
		return 0;
	case 'd':
		options->dump = true;
		return 0;
	case 'c':
		options->criu = optarg;
		return 0;
	default: /* getopt_long(3) said what is wrong */
		warnx("see uffd-wpctl --help");
		return -EINVAL;
	}
}

/* Whatever follows our options has to be behind "--". */
static int check(char **argv, const struct precopy_options *options)
{
	if (argv[optind] && strcmp(argv[optind - 1], "--")) {
		warnx("'%s': options of criu come after --", argv[optind]);
		return -EINVAL;
	}
	if (!options->pid || !options->dir || !*options->dir) {
		warnx("both -t PID and -D DIR are needed");
		return -EINVAL;
	}

	return 0;
}

int precopy_parse_options(int argc, char **argv, struct precopy_options *options)
{
	static const struct option names[] = {
		{ "max-iterations", required_argument, NULL, 'n' },
		{ "downtime", required_argument, NULL, 'm' },
		{ "dump", no_argument, NULL, 'd' },
		{ "criu", required_argument, NULL, 'c' },
		{ 0 },
	};
	int opt;

	*options = (struct precopy_options){ .limits.max_iterations = 10 };
	optind = 0; /* from the start */
	while ((opt = getopt_long(argc, argv, "+t:D:", names, NULL)) != -1)
		if (parse_option(opt, options))
			return -EINVAL;

	if (check(argv, options))
		return -EINVAL;

	options->criu_options = argv + optind;
	return 0;
}
