// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "migrate-command.h"
#include "migrate-hook.h"
#include "precopy-chain.h"
#include "precopy-criu.h"

#define CONFIG "criu.conf"
/* All locks of one dump are in a table that has the run's id in its name, or the greater part of that. */
#define LOCK_TABLE "CRIU-"
#define PART_OF_ID 16

/* Each word is an option, or the value of the one before. */
static void write_options(FILE *f, char **word)
{
	for (; word && *word; word++)
		if (strncmp(*word, "--", 2))
			fprintf(f, " \"%s\"", *word);
		else
			fprintf(f, "\n%s", *word + 2);
}

/* Runtimes run criu themselves: this is how it gets our options. */
static int write_config(const struct migrate *m)
{
	char *path = chain_subdir(m->work, CONFIG);
	FILE *f = fopen(path, "we");
	int ret = -1;

	if (f) {
		fprintf(f, "action-script \"%s/" HOOK_SCRIPT "\"\nnetwork-lock nftables", m->work);
		write_options(f, m->options->tls.word);
		putc('\n', f);
		ret = fclose(f);
	}
	if (!ret)
		ret = setenv("CRIU_CONFIG_FILE", path, 1);
	program_put_first(m->criu);
	if (ret)
		warn("can't make %s", path);
	free(path);
	return ret;
}

static int container_words(struct migrate *m, size_t n, unsigned int port, struct words *words)
{
	char *dir = migrate_subdir(m, n), *program;

	subject_runtime_words(m->options, words);
	program = program_find(words->word[0]);
	if (program) {
		free(words->word[0]);
		words->word[0] = program;
	}
	words_add(words, "checkpoint");
	words_add_all(words, m->options->both);
	words_add(words, "--image-path");
	words_add(words, "%s", dir);
	words_add(words, "--work-path");
	words_add(words, "%s", dir);
	words_add(words, "--parent-path");
	words_add(words, "../%zu", n - 1);
	words_add(words, "--page-server");
	words_add(words, strchr(m->address, ':') ? "[%s]:%u" : "%s:%u", m->address, port);
	words_add(words, "%s", m->subject.container);
	free(dir);
	return write_config(m);
}

static void process_words(struct migrate *m, size_t n, unsigned int port, struct words *words)
{
	char *dir = migrate_subdir(m, n);

	words_add(words, "%s", m->criu);
	words_add(words, "dump");
	words_add(words, "--network-lock");
	words_add(words, "nftables");
	words_add_all(words, m->options->both);
	migrate_add_server(m, words, port);
	words_add(words, "--action-script");
	words_add(words, "%s/" HOOK_SCRIPT, m->work);
	words_add(words, "--tree");
	words_add(words, "%d", m->subject.pid);
	words_add(words, "--track-mem");
	words_add(words, "--images-dir");
	words_add(words, "%s", dir);
	words_add(words, "--prev-images-dir");
	words_add(words, "../%zu", n - 1);
	words_add(words, "--log-file");
	words_add(words, "%s/dump.log", dir);
	free(dir);
}

int migrate_dump_words(struct migrate *m, size_t n, unsigned int port, struct words *words)
{
	if (m->subject.container)
		return container_words(m, n, port, words);

	process_words(m, n, port, words);
	return 0;
}

/* The images of a dump name its run. */
static bool is_of_run(const char *id, const char *inventory, size_t len)
{
	return strlen(id) >= PART_OF_ID && memmem(inventory, len, id, strlen(id));
}

static void delete_table(struct migrate *m, char *nft, char *name)
{
	char *argv[] = { nft, "delete", "table", "inet", name, NULL };
	struct run run = { 0 };

	if (migrate_run_program(m, argv, &run))
		return;
	if (run.status)
		warnx("can't delete the table inet %s of nft, which locks connections that are there no more", name);
	close(run.messages);
	close(run.lines);
}

void migrate_unlock_network(struct migrate *m, size_t n)
{
	char *dir = migrate_subdir(m, n), *path = chain_subdir(dir, "inventory.img"), *nft = program_find("nft");
	char *argv[] = { nft, "list", "tables", "inet", NULL }, inventory[4096], line[256], name[128];
	struct run run = { 0 };
	size_t len = 0;
	FILE *f;

	f = fopen(path, "re");
	if (f) {
		len = fread(inventory, 1, sizeof(inventory), f);
		fclose(f);
	}
	free(path);
	free(dir);

	if (!nft)
		warnx("there is no nft here: if connections were moved, tables of nft with names that begin with CRIU- "
		      "are left");
	if (nft && !migrate_run_program(m, argv, &run)) {
		f = fdopen(run.messages, "r");
		if (f)
			rewind(f);
		while (f && fgets(line, sizeof(line), f))
			if (sscanf(line, "table inet %127s", name) == 1 &&
			    !strncmp(name, LOCK_TABLE, strlen(LOCK_TABLE)) &&
			    is_of_run(name + strlen(LOCK_TABLE), inventory, len))
				delete_table(m, nft, name);
		if (f)
			fclose(f);
		close(run.lines);
	}
	free(nft);
}
