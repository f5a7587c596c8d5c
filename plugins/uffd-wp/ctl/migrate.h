/* SPDX-License-Identifier: GPL-2.0 */
/* One migration, as its parts share it. Each part returns 0, or -1 when it has reported why not. */
#ifndef UFFD_WP_CTL_MIGRATE_H
#define UFFD_WP_CTL_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "migrate-options.h"
#include "precopy-policy.h"
#include "precopy-run.h"
#include "remote.h"
#include "subject.h"

/* What an iteration took. */
struct migrate_step {
	double seconds;
	uint64_t scanned, written; /* bytes; of the last dump only the latter */
};

/* Milliseconds of CLOCK_MONOTONIC; 0: did not come to that. */
struct migrate_times {
	long long start, end;
	long long dump; /* criu is about to stop the tasks */
	long long dumped; /* all images of the last dump are complete */
	long long sent; /* and on the other side */
	long long running; /* there */
};

struct migrate {
	const struct migrate_options *options;
	struct runner runner;
	struct remote remote;
	struct subject subject;
	char *criu;
	char *work; /* directory for images here */
	char *remote_work; /* and there */
	char *address; /* of the other host, as criu is to know it; */
	char *numeric; /* and as a number */
	struct precopy_limits limits;
	struct precopy_iteration *iterations; /* limits.max_iterations of them; and steps one more */
	struct migrate_step *steps;
	size_t nr; /* pre-dumps that are complete */
	enum precopy_verdict verdict;
	bool tracked; /* its memory may be tracked because of us */
	struct migrate_times times;
	/* The last dump: */
	int hook; /* listens for criu; -1 */
	bool stopped; /* there was a handover */
	bool moved_address; /* the script took it away here */
	bool moved; /* it runs there, and is not to run here */
};

/* Can the other side take it? */
int migrate_check(struct migrate *m);

/* Pre-dumps, until there is a verdict. */
int migrate_iterate(struct migrate *m);

/* The last dump, and what happens while the tasks are stopped. */
int migrate_finish(struct migrate *m);

/* As runner_run(), and the other side hears of us meanwhile. The caller closes the descriptors of run. */
int migrate_run_program(struct migrate *m, char **argv, struct run *run);

/* The user's script, here. */
int migrate_run_script(struct migrate *m, const char *stage);

/* The directory for an iteration on both sides, and a page server. port: of it. */
int migrate_begin_step(struct migrate *m, size_t n, unsigned int *port);

/* All files of the iteration, and that its pages have come. */
int migrate_end_step(struct migrate *m, size_t n);

/* Options for a criu that sends pages to the other side. */
void migrate_add_server(const struct migrate *m, struct words *words, unsigned int port);

/* Path of the directory for iteration n, for the caller to free. */
char *migrate_subdir(const struct migrate *m, size_t n);

#endif /* UFFD_WP_CTL_MIGRATE_H */
