// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to find out which pages changed, without CRIU: one ranged
 * PAGEMAP_SCAN with write protection (the product's code) next to soft-dirty
 * (where the kernel has it) and to the plain copy of the pages.
 *
 * usage: primitive RUNS cpu|wall [dense:MIB | sparse:TIB | fault:MIB]...
 *
 * Prints a line about the kernel, then rows without the name of the benchmark:
 * "case",variant,run,metric,unit,value.
 * Every count of pages is checked against what was written; a wrong one ends
 * the program with status 1.
 */
#include <errno.h>
#include <error.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "primitive-trackers.h"

#define SPARSE_PAGES 1024

static unsigned int runs;
static bool soft_dirty;

/* The same memory for each tracker, in processes of their own: clear_refs looks at all of a process. */
struct pair {
	struct target ours;
	struct target theirs; /* soft-dirty's; not started without soft_dirty */
	struct found found;
};

static void row(const char *what, const char *variant, unsigned int run, const char *metric, double value)
{
	printf("\"%s\",%s,%u,%s,us,%.3f\n", what, variant, run, metric, value);
	fflush(stdout);
}

static void check(const char *what, const char *variant, const struct found *f, uint64_t pages, uint64_t dirty)
{
	if (f->nr_pages != pages || f->nr_dirty != dirty)
		error(1, 0, "%s: %s found %" PRIu64 " pages, %" PRIu64 " of them dirty, not %" PRIu64 " and %" PRIu64,
		      what, variant, f->nr_pages, f->nr_dirty, pages, dirty);
}

static void start_pair(struct pair *p, uint64_t len, uint64_t nr_populated)
{
	p->found = (struct found){};
	target_start(&p->ours, len, nr_populated);
	ours_register(&p->ours);
	if (soft_dirty)
		target_start(&p->theirs, len, nr_populated);
}

static void end_pair(struct pair *p)
{
	found_free(&p->found);
	target_end(&p->ours);
	if (soft_dirty)
		target_end(&p->theirs);
}

static void measure_ours(struct pair *p, const char *what, unsigned int run, uint64_t nr, uint64_t seed)
{
	uint64_t ns;

	target_dirty(&p->ours, nr, seed);
	ns = ours_scan(&p->ours, &p->found);
	check(what, "ours", &p->found, p->ours.nr_populated, nr);
	row(what, "ours", run, "get and protect", ns / 1e3);
	if (nr)
		row(what, "copy", run, "get and protect", copy_dirty(&p->ours, &p->found) / 1e3);
}

static void measure_theirs(struct pair *p, const char *what, unsigned int run, uint64_t nr, uint64_t seed,
			   const char *variant, uint64_t (*get)(struct target *t, struct found *f))
{
	uint64_t get_ns, clear_ns;

	target_dirty(&p->theirs, nr, seed);
	get_ns = get(&p->theirs, &p->found);
	clear_ns = soft_dirty_clear(&p->theirs);
	check(what, variant, &p->found, p->theirs.nr_populated, nr);
	row(what, variant, run, "get and protect", (get_ns + clear_ns) / 1e3);
	row(what, variant, run, "get alone", get_ns / 1e3);
	row(what, variant, run, "clear alone", clear_ns / 1e3);
}

/* Nothing is protected yet; at the end everything is. */
static void measure_first(struct pair *p, const char *size, unsigned int run)
{
	uint64_t pages = p->ours.nr_populated, ns;
	char what[64];

	snprintf(what, sizeof(what), "%s, first", size);
	ours_unprotect(&p->ours);
	ns = ours_scan(&p->ours, &p->found);
	check(what, "ours", &p->found, pages, pages);
	row(what, "ours", run, "get and protect", ns / 1e3);
	row(what, "copy", run, "get and protect", copy_dirty(&p->ours, &p->found) / 1e3);
	if (soft_dirty)
		soft_dirty_clear(&p->theirs);
}

static void measure_percents(struct pair *p, const char *size, unsigned int run, bool read_pagemap)
{
	static const unsigned int percents[] = { 0, 1, 10, 100 };
	unsigned int i;

	for (i = 0; i < sizeof(percents) / sizeof(*percents); i++) {
		uint64_t nr = p->ours.nr_populated * percents[i] / 100, seed = run * 1000003ULL << 20;
		char what[64];

		snprintf(what, sizeof(what), "%s, %u%%", size, percents[i]);
		measure_ours(p, what, run, nr, seed);
		if (!soft_dirty)
			continue;
		if (read_pagemap)
			measure_theirs(p, what, run, nr, seed, "soft-dirty read", soft_dirty_read);
		measure_theirs(p, what, run, nr, seed, "soft-dirty scan", soft_dirty_scan);
	}
}

static void measure_size(const char *size, uint64_t len, uint64_t pages, bool read_pagemap)
{
	struct pair p;
	unsigned int run;

	start_pair(&p, len, pages);
	for (run = 1; run <= runs; run++) {
		measure_first(&p, size, run);
		measure_percents(&p, size, run, read_pagemap);
	}
	end_pair(&p);
}

static void dense(uint64_t mib)
{
	char size[32];

	snprintf(size, sizeof(size), "%" PRIu64 " MiB", mib);
	measure_size(size, mib << 20, (mib << 20) / page_size(), true);
}

static void sparse(uint64_t tib)
{
	char size[32];

	snprintf(size, sizeof(size), "sparse %" PRIu64 " TiB", tib);
	/* 2 GiB to read for each TiB. */
	measure_size(size, tib << 40, SPARSE_PAGES, tib == 1);
}

/* A write to each page: what a page costs on average. */
static void fault_row(struct target *t, const char *what, const char *variant, unsigned int run)
{
	row(what, variant, run, "write", (double)target_write_all(t) / t->nr_populated / 1e3);
}

static void fault(uint64_t mib)
{
	struct pair p;
	char what[32];
	unsigned int run;

	snprintf(what, sizeof(what), "write, %" PRIu64 " MiB", mib);
	start_pair(&p, mib << 20, (mib << 20) / page_size());
	for (run = 1; run <= runs; run++) {
		ours_scan(&p.ours, &p.found);
		check(what, "ours", &p.found, p.ours.nr_populated, p.ours.nr_populated);
		fault_row(&p.ours, what, "protected", run);
		/* Again, now that nothing is protected: what it costs without tracking. */
		fault_row(&p.ours, what, "not protected", run);
		if (!soft_dirty)
			continue;
		soft_dirty_clear(&p.theirs);
		fault_row(&p.theirs, what, "soft-dirty cleared", run);
		fault_row(&p.theirs, what, "soft-dirty set", run);
	}
	end_pair(&p);
}

static void measure(const char *arg)
{
	static const struct {
		const char *name;
		void (*fn)(uint64_t size);
	} kinds[] = { { "dense:", dense }, { "sparse:", sparse }, { "fault:", fault } };
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t len = strlen(kinds[i].name);
		char *end;
		uint64_t size;

		if (strncmp(arg, kinds[i].name, len))
			continue;
		size = strtoull(arg + len, &end, 10);
		if (!size || *end)
			break;
		kinds[i].fn(size);
		return;
	}
	error(2, 0, "what is %s?", arg);
}

int main(int argc, char **argv)
{
	struct utsname host;
	int i;

	runs = argc > 1 ? atoi(argv[1]) : 0;
	if (!runs || argc < 4)
		error(2, 0, "usage: %s RUNS cpu|wall [dense:MIB | sparse:TIB | fault:MIB]...", argv[0]);
	measure_wall_time = !strcmp(argv[2], "wall");
	soft_dirty = soft_dirty_works();
	uname(&host);
	printf("Linux %s, soft-dirty: %s\n", host.release, soft_dirty ? "yes" : "no");
	/* Before there are children that have it in their buffers, too. */
	fflush(stdout);
	for (i = 3; i < argc; i++)
		measure(argv[i]);
	return 0;
}
