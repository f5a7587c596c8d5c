// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../keeper-client.h"
#include "../wp.h"
#include "ctl.h"
#include "vmas.h"

/* Returns how many of the mappings were ours. */
static size_t unregister(int uffd, const struct vmas *vmas)
{
	size_t i, nr = 0;

	for (i = 0; i < vmas->nr; i++) {
		/*
		 * Whose it is, only this tells: a no-op when it is ours, EBUSY when it is another's. Kernels
		 * before 6.17 would unregister through our context what belongs to that one.
		 */
		if (wp_register(uffd, vmas->vma[i].start, vmas->vma[i].end))
			continue;
		if (!wp_unregister(uffd, vmas->vma[i].start, vmas->vma[i].end))
			nr++;
	}

	return nr;
}

/*
 * Closing the context ends the tracking as well, but in one go under the lock
 * that the task needs to map memory; wp_unregister() goes in steps. What is
 * unmapped or exchanged meanwhile is not tracked any more.
 */
static int unregister_all(pid_t pid, int uffd, size_t *nr)
{
	struct vmas vmas;
	int pagemap, ret;

	pagemap = open_pagemap(pid);
	if (pagemap < 0)
		return pagemap;

	ret = vmas_read_tracked(pid, pagemap, &vmas);
	close(pagemap);
	if (ret)
		return ret;

	*nr = unregister(uffd, &vmas);
	vmas_free(&vmas);
	return 0;
}

/*
 * nr: receives the number of mappings unregistered. -ENOENT: not tracked;
 * other errors were reported.
 */
static int untrack(int keeper, const struct task_id *id, size_t *nr)
{
	char epoch[KEEPER_RUN_ID_SIZE];
	uint64_t pidns = 0;
	int uffd, ret;

	*nr = 0;
	ret = keeper_get(keeper, id, &uffd, epoch);
	if (ret) {
		if (ret != -ENOENT)
			report_get_error(id->pid, ret);
		return ret;
	}

	/* A pid of another namespace cannot be looked up here; all that is left is to close. */
	own_pidns(&pidns);
	if (id->pidns == pidns)
		ret = unregister_all(id->pid, uffd, nr);
	close(uffd);

	/* A task that has exited has nothing tracked. */
	if (ret && ret != -ESRCH) {
		warnx("%d: can't read its mappings: %s", id->pid, strerror(-ret));
		return ret;
	}

	ret = keeper_drop(keeper, id);
	if (ret && ret != -ENOENT) {
		warnx("%d: the keeper does not drop it: %s", id->pid, strerror(-ret));
		return ret;
	}

	return 0;
}

void untrack_quietly(int keeper, pid_t pid)
{
	struct task_id id;
	size_t nr;

	if (!task_id_read(pid, &id))
		untrack(keeper, &id, &nr);
}

static void print_json(const struct task_id *id, size_t nr)
{
	printf("{\"pid\": %d, \"vmas_untracked\": %zu}", id->pid, nr);
}

static int untrack_one(int keeper, pid_t pid, bool json)
{
	struct task_id id;
	size_t nr;
	int ret;

	ret = task_id_read(pid, &id);
	if (ret) {
		report_get_error(pid, ret);
		return EXIT_FAILED;
	}

	ret = untrack(keeper, &id, &nr);
	if (ret == -ENOENT)
		report_get_error(pid, ret);
	if (ret)
		return EXIT_FAILED;

	if (json) {
		print_json(&id, nr);
		putchar('\n');
	}
	return EXIT_OK;
}

static int untrack_entries(int keeper, const struct keeper_entry *entries, size_t nr_entries, bool json)
{
	const char *separator = "\n";
	int status = EXIT_OK;
	size_t i, nr;
	int ret;

	if (json)
		putchar('[');

	for (i = 0; i < nr_entries; i++) {
		ret = untrack(keeper, &entries[i].id, &nr);
		if (ret && ret != -ENOENT) {
			status = EXIT_FAILED;
		} else if (!ret && json) {
			fputs(separator, stdout);
			separator = ",\n";
			print_json(&entries[i].id, nr);
		}
	}

	if (json)
		puts("\n]");
	return status;
}

static int untrack_all(int keeper, bool json)
{
	struct keeper_entry *entries = NULL;
	int ret = 0, status;
	size_t nr = 0;

	if (keeper != -ENOENT)
		ret = keeper_list(keeper, &entries, &nr);
	if (ret) {
		warnx("can't ask the keeper: %s", strerror(-ret));
		return EXIT_FAILED;
	}

	status = untrack_entries(keeper, entries, nr, json);
	free(entries);
	return status;
}

int cmd_untrack(const struct arguments *args)
{
	int keeper, status;
	pid_t pid = 0;

	if (!args->all && parse_pid(args->words[0], &pid))
		return EXIT_USAGE;

	keeper = args->all ? connect_to_keeper() : connect_for_task(pid);
	/* No keeper: then all of nothing is untracked. */
	if (keeper < 0 && !(args->all && keeper == -ENOENT))
		return EXIT_FAILED;

	status = args->all ? untrack_all(keeper, args->json) : untrack_one(keeper, pid, args->json);
	if (keeper >= 0)
		close(keeper);
	return status;
}
