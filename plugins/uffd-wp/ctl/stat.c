// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../keeper-client.h"
#include "../scan.h"
#include "ctl.h"
#include "output.h"
#include "vmas.h"

#define MAX_SECONDS 86400

struct sample {
	struct timespec when;
	char epoch[KEEPER_RUN_ID_SIZE];
	size_t nr_vmas;
	uint64_t bytes_tracked;
	uint64_t bytes_populated;
	uint64_t bytes_dirty; /* written since their last protection */
};

static int add_region(void *arg, const struct page_region *region)
{
	struct sample *sample = arg;
	uint64_t bytes = region->end - region->start;

	sample->bytes_populated += bytes;
	if (region->categories & PAGE_IS_WRITTEN)
		sample->bytes_dirty += bytes;
	return 0;
}

/* Without SCAN_PROTECT: looks only. */
static int scan_tracked(pid_t pid, struct sample *sample)
{
	int pagemap, ret;
	struct vmas vmas;
	size_t i;

	pagemap = open_pagemap(pid);
	if (pagemap < 0)
		return pagemap;

	ret = vmas_read_tracked(pid, pagemap, &vmas);
	if (ret) {
		close(pagemap);
		return ret;
	}

	sample->nr_vmas = vmas.nr;
	sample->bytes_tracked = vmas.bytes;
	for (i = 0; i < vmas.nr && !ret; i++)
		ret = scan_range(pagemap, vmas.vma[i].start, vmas.vma[i].end, vmas.vma[i].file ? SCAN_FILE_VMA : 0,
				 add_region, sample);

	vmas_free(&vmas);
	close(pagemap);
	return ret;
}

/* 0, or an error that was reported. */
static int take_sample(int keeper, pid_t pid, struct sample *sample)
{
	struct task_id id;
	int uffd, ret;

	memset(sample, 0, sizeof(*sample));
	ret = task_id_read(pid, &id);
	if (!ret)
		ret = keeper_get(keeper, &id, &uffd, sample->epoch);
	if (ret) {
		report_get_error(pid, ret);
		return ret;
	}
	close(uffd);

	clock_gettime(CLOCK_MONOTONIC, &sample->when);
	ret = scan_tracked(pid, sample);
	if (ret)
		warnx("%d: can't scan its memory: %s", pid, strerror(-ret));
	return ret;
}

static double seconds_between(const struct sample *a, const struct sample *b)
{
	return b->when.tv_sec - a->when.tv_sec + (b->when.tv_nsec - a->when.tv_nsec) / 1e9;
}

/* Bytes a second; negative when it is not known: a dump protected pages between the samples. */
static double dirty_rate(const struct sample *before, const struct sample *now)
{
	if (strcmp(before->epoch, now->epoch) || now->bytes_dirty < before->bytes_dirty)
		return -1;

	return (now->bytes_dirty - before->bytes_dirty) / seconds_between(before, now);
}

static void print_human(pid_t pid, const struct sample *now, const double *rate)
{
	char comm[COMM_SIZE], buf[HUMAN_SIZE];

	read_comm(pid, comm);
	make_printable(comm);
	printf("%d (%s)\n", pid, comm);
	printf("%-12s %s in %zu mappings\n", "tracked", human_bytes(buf, now->bytes_tracked), now->nr_vmas);
	printf("%-12s %s\n", "populated", human_bytes(buf, now->bytes_populated));
	printf("%-12s %s\n", "dirty", human_bytes(buf, now->bytes_dirty));
	if (rate && *rate < 0)
		printf("%-12s unknown: a dump protected pages meanwhile, try again\n", "dirty rate");
	else if (rate)
		printf("%-12s %s/s\n", "dirty rate", human_bytes(buf, llround(*rate)));
	printf("%-12s %s\n", "epoch", *now->epoch ? now->epoch : "none, the next dump will be a full one");
}

static void print_json(pid_t pid, const struct sample *now, const double *rate)
{
	char comm[COMM_SIZE];

	printf("{\"pid\": %d, \"comm\": ", pid);
	print_json_string(read_comm(pid, comm));
	printf(", \"vmas_tracked\": %zu, \"bytes_tracked\": %" PRIu64 ", \"bytes_populated\": %" PRIu64
	       ", \"bytes_dirty\": %" PRIu64, now->nr_vmas, now->bytes_tracked, now->bytes_populated, now->bytes_dirty);
	if (rate && *rate < 0)
		fputs(", \"dirty_bytes_per_second\": null", stdout);
	else if (rate)
		printf(", \"dirty_bytes_per_second\": %lld", llround(*rate));
	fputs(", \"epoch\": ", stdout);
	print_json_run_id(now->epoch);
	puts("}");
}

static int parse_seconds(const char *word, double *seconds)
{
	char *end;

	*seconds = strtod(word, &end);
	/* So put that NaN fails, too. */
	if (end == word || *end || !(*seconds > 0 && *seconds <= MAX_SECONDS)) {
		warnx("'%s' is not a number of seconds between 0 and %d", word, MAX_SECONDS);
		return -EINVAL;
	}

	return 0;
}

static void sleep_seconds(double seconds)
{
	struct timespec left = { .tv_sec = (time_t)seconds, .tv_nsec = (seconds - (time_t)seconds) * 1e9 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

/* seconds: 0 for a single look. */
static int show(int keeper, pid_t pid, double seconds, bool json)
{
	struct sample before, now;
	double rate;

	if (take_sample(keeper, pid, &now))
		return EXIT_FAILED;

	if (seconds > 0) {
		before = now;
		sleep_seconds(seconds);
		if (take_sample(keeper, pid, &now))
			return EXIT_FAILED;
		rate = dirty_rate(&before, &now);
	}

	(json ? print_json : print_human)(pid, &now, seconds > 0 ? &rate : NULL);
	return EXIT_OK;
}

int cmd_stat(const struct arguments *args)
{
	double seconds = 0;
	int keeper, status;
	pid_t pid;

	if (parse_pid(args->words[0], &pid) || (args->nr > 1 && parse_seconds(args->words[1], &seconds)))
		return EXIT_USAGE;

	keeper = connect_for_task(pid);
	if (keeper < 0)
		return EXIT_FAILED;

	status = show(keeper, pid, seconds, args->json);
	close(keeper);
	return status;
}
