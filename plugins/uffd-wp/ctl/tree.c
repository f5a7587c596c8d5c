// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../proc.h"
#include "ctl.h"
#include "tree.h"

#define KILL_ROUNDS 50
#define KILL_PAUSE_US 10000

static void add(struct tree *tree, pid_t pid)
{
	tree->pids = reallocarray(tree->pids, tree->nr + 1, sizeof(*tree->pids));
	if (!tree->pids)
		err(EXIT_FAILED, "list of processes");
	tree->pids[tree->nr++] = pid;
}

static void add_children(struct tree *tree, pid_t pid, const char *thread)
{
	char path[64];
	pid_t child;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", pid, thread);
	f = fopen(path, "re");
	if (!f)
		return;

	while (fscanf(f, "%d", &child) == 1)
		add(tree, child);
	fclose(f);
}

void tree_collect(pid_t root, struct tree *tree)
{
	struct dirent *entry;
	char path[64];
	size_t i;
	DIR *dir;

	*tree = (struct tree){ 0 };
	if (process_state(root) == 'X')
		return;

	add(tree, root);
	for (i = 0; i < tree->nr; i++) {
		snprintf(path, sizeof(path), "/proc/%d/task", tree->pids[i]);
		dir = opendir(path);
		while (dir && (entry = readdir(dir)))
			if (entry->d_name[0] != '.')
				add_children(tree, tree->pids[i], entry->d_name);
		if (dir)
			closedir(dir);
	}
}

void tree_free(struct tree *tree)
{
	free(tree->pids);
	*tree = (struct tree){ 0 };
}

static bool is_alive(pid_t pid)
{
	return !strchr("XZ", process_state(pid));
}

static bool kill_once(pid_t root)
{
	struct tree tree;
	bool alive = false;
	size_t i;

	tree_collect(root, &tree);
	for (i = tree.nr; i-- > 1;) {
		if (!is_alive(tree.pids[i]))
			continue;
		kill(tree.pids[i], SIGKILL);
		alive = true;
	}
	tree_free(&tree);
	return alive;
}

void tree_kill_descendants(pid_t root)
{
	int round;

	for (round = 0; round < KILL_ROUNDS && kill_once(root); round++)
		usleep(KILL_PAUSE_US);
}

void tree_kill(pid_t root)
{
	int round;

	/* The root last, and stopped until then: orphans would leave the tree. */
	kill(root, SIGSTOP);
	tree_kill_descendants(root);
	kill(root, SIGKILL);
	for (round = 0; round < KILL_ROUNDS && is_alive(root); round++)
		usleep(KILL_PAUSE_US);
}

char process_state(pid_t pid)
{
	char buf[256], *end = NULL;
	size_t len;
	FILE *f;

	f = proc_fopen(pid, "stat");
	if (!f)
		return 'X';

	len = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[len] = '\0';
	end = strrchr(buf, ')'); /* of the name, which may hold others */
	return end && end[1] == ' ' && end[2] ? end[2] : 'X';
}

uint64_t tree_memory(const struct tree *tree)
{
	unsigned long kib, sum = 0;
	char line[128];
	size_t i;
	FILE *f;

	for (i = 0; i < tree->nr; i++) {
		f = proc_fopen(tree->pids[i], "status");
		if (!f)
			continue;
		while (fgets(line, sizeof(line), f))
			if (sscanf(line, "RssAnon: %lu", &kib) == 1 || sscanf(line, "RssShmem: %lu", &kib) == 1 ||
			    sscanf(line, "VmSwap: %lu", &kib) == 1)
				sum += kib;
		fclose(f);
	}

	return (uint64_t)sum * 1024;
}
