// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "precopy-chain.h"
#include "precopy-criu.h"
#include "precopy-run.h"

/* What we add to the user's options, in words, and the NULL. */
#define MAX_OWN_WORDS 20

struct words {
	size_t nr;
	char **word;
};

static void add_word(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_word(struct words *words, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(&words->word[words->nr++], format, args) < 0)
		err(EXIT_FAILURE, "command line");
	va_end(args);
}

/* What both actions have. The user's options come first: of two that are the same criu takes the last. */
static void begin_words(struct words *words, const struct criu *criu, const char *action, const char *subdir)
{
	size_t i, nr = 0;

	while (criu->options[nr])
		nr++;

	words->nr = 0;
	words->word = calloc(nr + MAX_OWN_WORDS, sizeof(*words->word));
	if (!words->word)
		err(EXIT_FAILURE, "command line");

	add_word(words, "%s", criu->path);
	add_word(words, "%s", action);
	for (i = 0; i < nr; i++)
		add_word(words, "%s", criu->options[i]);
	add_word(words, "--tree");
	add_word(words, "%d", criu->pid);
	add_word(words, "--track-mem");
	add_word(words, "--pre-dump-mode");
	add_word(words, "live");
	add_word(words, "--images-dir");
	add_word(words, "%s/%s", criu->dir, subdir);
	/* Not relative, which would be to a --work-dir. */
	add_word(words, "--log-file");
	add_word(words, "%s/%s/%s.log", criu->dir, subdir, action);
}

static void add_parent(struct words *words, size_t n)
{
	add_word(words, "--prev-images-dir");
	add_word(words, "../%zu", n);
}

char **criu_pre_dump_words(const struct criu *criu, size_t n)
{
	struct words words;
	char subdir[24];

	snprintf(subdir, sizeof(subdir), "%zu", n);
	begin_words(&words, criu, "pre-dump", subdir);
	add_word(&words, "--status-fd");
	add_word(&words, "%d", RUN_LINES_FD);
	if (n > 1)
		add_parent(&words, n - 1);
	return words.word;
}

/* Live mode: what changed since the last pre-dump is for the most part copied before the tasks are stopped. */
char **criu_dump_words(const struct criu *criu, size_t n)
{
	struct words words;

	begin_words(&words, criu, "dump", CHAIN_FINAL);
	add_parent(&words, n);
	return words.word;
}

void criu_free_words(char **words)
{
	size_t i;

	for (i = 0; words[i]; i++)
		free(words[i]);
	free(words);
}

static void print_for_shell(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";

	if (*word && strspn(word, plain) == strlen(word)) {
		fputs(word, stdout);
		return;
	}

	putchar('\'');
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*word);
	putchar('\'');
}

void criu_print_words(char **words)
{
	size_t i;

	for (i = 0; words[i]; i++) {
		if (i)
			putchar(' ');
		print_for_shell(words[i]);
	}
	putchar('\n');
}

/* Frees path if it is none. */
static char *take_program(char *path)
{
	if (path && !access(path, X_OK))
		return path;

	free(path);
	return NULL;
}

static char *find_in_path(const char *name)
{
	char *copy, *dirs, *dir, *path = NULL;

	copy = dirs = strdup(getenv("PATH") ?: "/usr/sbin:/usr/bin:/sbin:/bin");
	while (!path && dirs && (dir = strsep(&dirs, ":"))) {
		if (asprintf(&path, "%s/%s", *dir ? dir : ".", name) < 0)
			err(EXIT_FAILURE, "PATH");
		path = take_program(path);
	}

	free(copy);
	return path;
}

/* Installed together with this program, so one that has the live mode. */
static char *find_next_to_us(void)
{
	static const char bin[] = "/bin/uffd-wpctl";
	char self[PATH_MAX], *path;
	ssize_t len;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < (ssize_t)strlen(bin))
		return NULL;
	self[len] = '\0';
	len -= strlen(bin);
	if (strcmp(self + len, bin))
		return NULL;

	if (asprintf(&path, "%.*s/sbin/criu", (int)len, self) < 0)
		err(EXIT_FAILURE, "criu");
	return take_program(path);
}

char *criu_find(const char *given)
{
	char *path;

	if (!given) {
		path = find_next_to_us() ?: find_in_path("criu");
		if (!path)
			warnx("there is no criu, neither in ../sbin next to this program nor in PATH: install it, "
			      "or give --criu PATH");
		return path;
	}

	path = strchr(given, '/') ? take_program(strdup(given)) : find_in_path(given);
	if (!path)
		warnx("can't run '%s': give --criu the path of a criu program", given);
	return path;
}
