// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "precopy-chain.h"
#include "precopy-criu.h"
#include "precopy-run.h"
#include "shell.h"
#include "words.h"

/* What both actions have. The user's options come first: of two that are the same criu takes the last. */
static void begin_words(struct words *words, const struct criu *criu, const char *action, const char *subdir)
{
	words_add(words, "%s", criu->path);
	words_add(words, "%s", action);
	words_add_all(words, criu->options);
	words_add(words, "--tree");
	words_add(words, "%d", criu->pid);
	words_add(words, "--track-mem");
	words_add(words, "--pre-dump-mode");
	words_add(words, "live");
	words_add(words, "--images-dir");
	words_add(words, "%s/%s", criu->dir, subdir);
	/* Not relative, which would be to a --work-dir. */
	words_add(words, "--log-file");
	words_add(words, "%s/%s/%s.log", criu->dir, subdir, action);
}

static void add_parent(struct words *words, size_t n)
{
	words_add(words, "--prev-images-dir");
	words_add(words, "../%zu", n);
}

char **criu_pre_dump_words(const struct criu *criu, size_t n)
{
	struct words words = { 0 };
	char subdir[24];

	snprintf(subdir, sizeof(subdir), "%zu", n);
	begin_words(&words, criu, "pre-dump", subdir);
	words_add(&words, "--status-fd");
	words_add(&words, "%d", RUN_LINES_FD);
	if (n > 1)
		add_parent(&words, n - 1);
	return words.word;
}

/* Live mode: what changed since the last pre-dump is for the most part copied before the tasks are stopped. */
char **criu_dump_words(const struct criu *criu, size_t n)
{
	struct words words = { 0 };

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

void criu_print_words(char **words)
{
	size_t i;

	for (i = 0; words[i]; i++) {
		if (i)
			putchar(' ');
		shell_print_word(stdout, words[i]);
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

char *program_find(const char *name)
{
	char *copy, *dirs, *dir, *path = NULL;

	if (strchr(name, '/'))
		return take_program(strdup(name));

	copy = dirs = strdup(getenv("PATH") ?: "/usr/sbin:/usr/bin:/sbin:/bin");
	while (!path && dirs && (dir = strsep(&dirs, ":"))) {
		if (asprintf(&path, "%s/%s", *dir ? dir : ".", name) < 0)
			err(EXIT_FAILURE, "PATH");
		path = take_program(path);
	}

	free(copy);
	return path;
}

void program_put_first(const char *path)
{
	const char *old = getenv("PATH") ?: "/usr/sbin:/usr/bin:/sbin:/bin", *slash = strrchr(path, '/');
	char *dirs;

	if (!slash || asprintf(&dirs, "%.*s:%s", (int)(slash - path), path, old) < 0)
		return;
	setenv("PATH", dirs, 1);
	free(dirs);
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
		path = find_next_to_us() ?: program_find("criu");
		if (!path)
			warnx("there is no criu, neither in ../sbin next to this program nor in PATH: install it, "
			      "or give --criu PATH");
		return path;
	}

	path = program_find(given);
	if (!path)
		warnx("can't run '%s': give --criu the path of a criu program", given);
	return path;
}
