// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "migrate-transport.h"

/* As it is installed here. */
static void add_program(const struct migrate *m, struct words *words)
{
	char self[PATH_MAX];
	ssize_t len;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (m->options->remote_ctl)
		words_add(words, "%s", m->options->remote_ctl);
	else
		words_add(words, "%.*s", len > 0 ? (int)len : 0, self);
	words_add(words, "migrate-agent");
}

static void add_command(struct words *words, const char *command)
{
	char *copy = strdup(command), *rest = copy, *word;

	while ((word = strsep(&rest, " ")))
		if (*word)
			words_add(words, "%s", word);
	free(copy);
}

/* BatchMode: nobody is there who types a password. The other options notice a dead connection. */
static void add_ssh(struct words *words, const char *host)
{
	words_add(words, "ssh");
	words_add(words, "-T");
	words_add(words, "-oBatchMode=yes");
	words_add(words, "-oServerAliveInterval=5");
	words_add(words, "-oConnectTimeout=10");
	words_add(words, "--");
	words_add(words, "%s", host);
}

int migrate_connect(struct migrate *m)
{
	struct words words = { 0 };
	int ret;

	if (m->options->rsh)
		add_command(&words, m->options->rsh);
	else
		add_ssh(&words, m->options->host);
	add_program(m, &words);
	m->remote.name = m->options->host ?: "the other side";
	m->remote.runner = &m->runner;
	ret = remote_start(&m->remote, words.word);
	words_free(&words);
	return ret;
}
