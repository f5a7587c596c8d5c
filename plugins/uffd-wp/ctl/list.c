// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../keeper-client.h"
#include "ctl.h"
#include "output.h"
#include "vmas.h"

/* One entry with what /proc says about the task. */
struct row {
	const struct keeper_entry *entry;
	bool visible; /* of our pid namespace: the rest is known */
	char comm[COMM_SIZE];
	size_t nr_vmas;
	uint64_t bytes;
};

static int read_vmas(struct row *row)
{
	pid_t pid = row->entry->id.pid;
	struct vmas vmas;
	int pagemap, ret;

	pagemap = open_pagemap(pid);
	if (pagemap < 0)
		return pagemap;

	ret = vmas_read_tracked(pid, pagemap, &vmas);
	close(pagemap);
	if (ret)
		return ret;

	row->nr_vmas = vmas.nr;
	row->bytes = vmas.bytes;
	vmas_free(&vmas);
	return 0;
}

/* -ESRCH: the task has exited since the keeper listed it. */
static int read_row(struct row *row, const struct keeper_entry *entry)
{
	struct task_id now;
	uint64_t pidns;
	int ret;

	memset(row, 0, sizeof(*row));
	row->entry = entry;

	ret = own_pidns(&pidns);
	if (ret)
		return ret;

	row->visible = pidns == entry->id.pidns;
	strcpy(row->comm, "?");
	if (!row->visible)
		return 0;

	ret = task_id_read(entry->id.pid, &now);
	if (ret)
		return ret;
	if (now.start_time != entry->id.start_time)
		return -ESRCH;

	read_comm(entry->id.pid, row->comm);
	return read_vmas(row);
}

static void print_human(const struct row *row)
{
	const struct keeper_entry *entry = row->entry;
	char bytes[HUMAN_SIZE] = "-", age[HUMAN_SIZE], vmas[HUMAN_SIZE] = "-", comm[COMM_SIZE];

	strcpy(comm, row->comm);
	make_printable(comm);
	if (row->visible) {
		snprintf(vmas, sizeof(vmas), "%zu", row->nr_vmas);
		human_bytes(bytes, row->bytes);
	}

	printf("%7d %-15s %6s %8s %6s %s\n", entry->id.pid, comm, vmas, bytes, human_age(age, entry->age_ms),
	       *entry->epoch ? entry->epoch : *entry->pending ? "(a dump has begun)" : "(none)");
}

static void print_json(const struct row *row)
{
	const struct keeper_entry *entry = row->entry;

	printf("{\"pid\": %d, \"pidns\": %" PRIu64 ", \"comm\": ", entry->id.pid, entry->id.pidns);
	if (row->visible) {
		print_json_string(row->comm);
		printf(", \"vmas_tracked\": %zu, \"bytes_tracked\": %" PRIu64, row->nr_vmas, row->bytes);
	} else {
		fputs("null, \"vmas_tracked\": null, \"bytes_tracked\": null", stdout);
	}

	fputs(", \"epoch\": ", stdout);
	print_json_run_id(entry->epoch);
	fputs(", \"pending\": ", stdout);
	print_json_run_id(entry->pending);
	printf(", \"age_ms\": %" PRIu64 "}", entry->age_ms);
}

static int print_rows(const struct keeper_entry *entries, size_t nr, bool json)
{
	const char *separator = "\n";
	int status = EXIT_OK;
	struct row row;
	size_t i;

	fputs(json ? "[" : "    PID COMMAND           VMAS  TRACKED    AGE EPOCH\n", stdout);
	for (i = 0; i < nr; i++) {
		int ret = read_row(&row, &entries[i]);

		if (ret == -ESRCH)
			continue;
		if (ret) {
			warnx("%d: can't read its mappings: %s", entries[i].id.pid, strerror(-ret));
			status = EXIT_FAILED;
			continue;
		}

		if (!json) {
			print_human(&row);
			continue;
		}
		fputs(separator, stdout);
		separator = ",\n";
		print_json(&row);
	}

	if (json)
		puts("\n]");
	return status;
}

int cmd_list(const struct arguments *args)
{
	struct keeper_entry *entries = NULL;
	size_t nr = 0;
	int sk, ret, status;

	sk = connect_to_keeper();
	if (sk == -ENOENT)
		return print_rows(NULL, 0, args->json);
	if (sk < 0)
		return EXIT_FAILED;

	ret = keeper_list(sk, &entries, &nr);
	close(sk);
	if (ret) {
		warnx("can't ask the keeper: %s", strerror(-ret));
		return EXIT_FAILED;
	}

	status = print_rows(entries, nr, args->json);
	free(entries);
	return status;
}
