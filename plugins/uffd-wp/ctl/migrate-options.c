// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "migrate-options.h"
#include "number.h"

#define DEFAULT_DIR "/var/tmp"

enum {
	OPT_RSH = 256,
	OPT_ADDRESS,
	OPT_REMOTE_CTL,
	OPT_CRIU,
	OPT_REMOTE_CRIU,
	OPT_RUNTIME,
	OPT_ROOT,
	OPT_BUNDLE,
	OPT_REMOTE_DIR,
	OPT_SCRIPT,
	OPT_CHECK,
	OPT_DOWNTIME,
	OPT_ITERATIONS,
	OPT_LAZY,
	OPT_KEEP,
	OPT_RESTORE,
	OPT_TLS,
};

static const struct option names[] = {
	{ "to", required_argument, NULL, 'T' },
	{ "rsh", required_argument, NULL, OPT_RSH },
	{ "address", required_argument, NULL, OPT_ADDRESS },
	{ "remote-uffd-wpctl", required_argument, NULL, OPT_REMOTE_CTL },
	{ "criu", required_argument, NULL, OPT_CRIU },
	{ "remote-criu", required_argument, NULL, OPT_REMOTE_CRIU },
	{ "runtime", required_argument, NULL, OPT_RUNTIME },
	{ "runtime-root", required_argument, NULL, OPT_ROOT },
	{ "bundle", required_argument, NULL, OPT_BUNDLE },
	{ "dir", required_argument, NULL, 'D' },
	{ "remote-dir", required_argument, NULL, OPT_REMOTE_DIR },
	{ "script", required_argument, NULL, OPT_SCRIPT },
	{ "check", required_argument, NULL, OPT_CHECK },
	{ "downtime", required_argument, NULL, OPT_DOWNTIME },
	{ "max-iterations", required_argument, NULL, OPT_ITERATIONS },
	{ "lazy", no_argument, NULL, OPT_LAZY },
	{ "keep", no_argument, NULL, OPT_KEEP },
	{ "restore-option", required_argument, NULL, OPT_RESTORE },
	/* criu's, which it is given: */
	{ "tls", no_argument, NULL, OPT_TLS },
	{ "tls-cacert", required_argument, NULL, OPT_TLS },
	{ "tls-cacrl", required_argument, NULL, OPT_TLS },
	{ "tls-cert", required_argument, NULL, OPT_TLS },
	{ "tls-key", required_argument, NULL, OPT_TLS },
	{ "tls-no-cn-verify", no_argument, NULL, OPT_TLS },
	{ 0 },
};

static int parse_limit(int opt, struct precopy_limits *limits)
{
	unsigned long number;

	if (opt == OPT_DOWNTIME) {
		if (parse_number("--downtime", optarg, MAX_DOWNTIME_MS, &number))
			return -EINVAL;
		limits->downtime_us = number * 1000;
	} else {
		if (parse_number("--max-iterations", optarg, MAX_ITERATIONS, &number))
			return -EINVAL;
		limits->max_iterations = number;
	}

	return 0;
}

/* Options whose value is a word, and where it goes. */
static const struct {
	int opt;
	size_t offset;
} words[] = {
#define WORD(opt, field) { opt, offsetof(struct migrate_options, field) }
	WORD('c', container),
	WORD('T', host),
	WORD('D', dir),
	WORD(OPT_RSH, rsh),
	WORD(OPT_ADDRESS, address),
	WORD(OPT_REMOTE_CTL, remote_ctl),
	WORD(OPT_CRIU, criu),
	WORD(OPT_REMOTE_CRIU, remote_criu),
	WORD(OPT_RUNTIME, runtime),
	WORD(OPT_ROOT, runtime_root),
	WORD(OPT_BUNDLE, bundle),
	WORD(OPT_REMOTE_DIR, remote_dir),
	WORD(OPT_SCRIPT, script),
	WORD(OPT_CHECK, check),
};

/* NULL: it is none of these. */
static const char **word_of(int opt, struct migrate_options *options)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].opt == opt)
			return (const char **)((char *)options + words[i].offset);

	return NULL;
}

/* 0, or -EINVAL, reported. */
static int parse_option(int opt, int index, struct migrate_options *options)
{
	const char **word = word_of(opt, options);

	if (word) {
		if (!*optarg || strchr(optarg, '\n')) {
			warnx("an option has an empty value, or one with a newline");
			return -EINVAL;
		}
		*word = optarg;
		return 0;
	}

	switch (opt) {
	case 't':
		return parse_pid(optarg, &options->pid);
	case OPT_DOWNTIME:
	case OPT_ITERATIONS:
		return parse_limit(opt, &options->limits);
	case OPT_LAZY:
		options->lazy = true;
		return 0;
	case OPT_KEEP:
		options->keep = true;
		return 0;
	case OPT_RESTORE:
		words_add(&options->restore, "%s", optarg);
		return 0;
	case OPT_TLS:
		words_add(&options->tls, "--%s", names[index].name);
		if (optarg)
			words_add(&options->tls, "%s", optarg);
		return 0;
	default: /* getopt_long(3) said what is wrong */
		warnx("see uffd-wpctl --help");
		return -EINVAL;
	}
}

static int check(char **argv, const struct migrate_options *options)
{
	if (argv[optind] && strcmp(argv[optind - 1], "--")) {
		warnx("'%s': options of criu or the runtime come after --", argv[optind]);
		return -EINVAL;
	}
	if (!options->pid == !options->container) {
		warnx("one of -t PID and -c CONTAINER is needed");
		return -EINVAL;
	}
	if (!options->host == !options->rsh) {
		warnx("one of --to HOST and --rsh COMMAND is needed");
		return -EINVAL;
	}
	if (options->host && *options->host == '-') {
		warnx("'%s' is not a host", options->host);
		return -EINVAL;
	}
	if (options->rsh && !options->address) {
		warnx("with --rsh give --address ADDRESS, to which the memory is sent");
		return -EINVAL;
	}

	return 0;
}

int migrate_parse_options(int argc, char **argv, struct migrate_options *options)
{
	int opt, index = 0;

	*options = (struct migrate_options){
		.limits.max_iterations = 10,
		.dir = DEFAULT_DIR,
		.remote_dir = DEFAULT_DIR,
		.runtime = "runc",
	};
	optind = 0; /* from the start */
	while ((opt = getopt_long(argc, argv, "+t:c:D:", names, &index)) != -1)
		if (parse_option(opt, index, options))
			return -EINVAL;

	if (check(argv, options))
		return -EINVAL;

	options->both = argv + optind;
	return 0;
}

void migrate_free_options(struct migrate_options *options)
{
	words_free(&options->tls);
	words_free(&options->restore);
}
