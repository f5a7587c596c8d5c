#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cr_options.h"
#include "log.h"
#include "page.h"
#include "pre-dump-progress.h"
#include "proc_parse.h"
#include "util.h"

#undef LOG_PREFIX
#define LOG_PREFIX "pre-dump-progress: "

#define UPDATE_NS (NSEC_PER_SEC / 5)

/*
 * What a dump stops the tasks for, apart from the pages that changed: measured with small tasks,
 * of which the first takes longer since namespaces and mounts come with it.
 */
#define STOP_BASE_US 40000
#define STOP_TASK_US 5000

/* Shared memory is compared with the parent images while the tasks are stopped: bytes per second. */
#define COMPARE_RATE (5ULL << 30)

static struct {
	bool terminal;
	bool started;
	struct timespec start, last;
	size_t nr_tasks;
	u64 parent_age_us; /* 0: there are no parent images */
	u64 total, shared, scanned, dirty, written; /* bytes */
} progress;

static u64 us_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - from->tv_sec) * USEC_PER_SEC + (now.tv_nsec - from->tv_nsec) / 1000;
}

/* Anonymous memory, resident and swapped out, in bytes. */
static u64 memory_of(pid_t pid)
{
	unsigned long kib, sum = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %lu", &kib) == 1 || sscanf(line, "VmSwap: %lu", &kib) == 1)
			sum += kib;

	fclose(f);
	return (u64)sum * 1024;
}

static u64 age_of(const InventoryEntry *parent_ie)
{
	uint64_t uptime;

	if (!parent_ie || !parent_ie->has_dump_uptime || parse_uptime(&uptime))
		return 0;

	return uptime > parent_ie->dump_uptime ? uptime - parent_ie->dump_uptime : 0;
}

void pre_dump_progress_begin(const struct live_tasks *tasks, const InventoryEntry *parent_ie)
{
	size_t i;

	progress.terminal = isatty(STDERR_FILENO);
	if (!progress.terminal && opts.status_fd < 0)
		return;

	progress.started = true;
	progress.nr_tasks = tasks->nr;
	progress.parent_age_us = age_of(parent_ie);
	for (i = 0; i < tasks->nr; i++)
		progress.total += memory_of(tasks->tasks[i].pid);
	clock_gettime(CLOCK_MONOTONIC, &progress.start);
	progress.last = progress.start;
}

static u64 per_second(u64 bytes, u64 us)
{
	return us ? bytes * USEC_PER_SEC / us : 0;
}

/* What changes in as long as this pre-dump took has to be copied while the tasks are stopped. */
static u64 estimated_stop_us(u64 rate, u64 dirty_rate, u64 us)
{
	u64 stop = STOP_BASE_US + progress.nr_tasks * STOP_TASK_US + progress.shared * USEC_PER_SEC / COMPARE_RATE;

	return rate ? stop + dirty_rate * us / rate : stop;
}

static void print_line(const char *end, u64 rate, u64 dirty_rate, u64 stop_us)
{
	fprintf(stderr, "\r\033[Kpre-dump: %llu of %llu MiB, %llu MiB written, %llu MiB/s",
		(unsigned long long)progress.scanned >> 20, (unsigned long long)progress.total >> 20,
		(unsigned long long)progress.written >> 20, (unsigned long long)rate >> 20);
	if (progress.parent_age_us)
		fprintf(stderr, "; %.1f MiB/s change, a dump now would stop for about %llu ms", dirty_rate / 1048576.0,
			(unsigned long long)stop_us / 1000);
	fputs(end, stderr);
}

static void print_json(const char *event, u64 rate, u64 dirty_rate, u64 stop_us)
{
	char dirty[96] = "\"dirty_rate\": null, \"estimated_stop_us\": null";

	if (progress.parent_age_us)
		snprintf(dirty, sizeof(dirty), "\"dirty_rate\": %llu, \"estimated_stop_us\": %llu",
			 (unsigned long long)dirty_rate, (unsigned long long)stop_us);

	if (dprintf(opts.status_fd,
		    "{\"event\": %s, \"total_bytes\": %llu, \"scanned_bytes\": %llu, \"written_bytes\": %llu, "
		    "\"rate\": %llu, %s}\n",
		    event, (unsigned long long)progress.total, (unsigned long long)progress.scanned,
		    (unsigned long long)progress.written, (unsigned long long)rate, dirty) < 0)
		pr_pwarn("Can't write to the status fd");
}

static void report(const char *event, const char *end)
{
	u64 us = us_since(&progress.start), rate = per_second(progress.written, us);
	u64 dirty_rate = per_second(progress.dirty, progress.parent_age_us);
	u64 stop_us = estimated_stop_us(rate, dirty_rate, us);

	if (progress.terminal)
		print_line(end, rate, dirty_rate, stop_us);
	if (opts.status_fd >= 0)
		print_json(event, rate, dirty_rate, stop_us);
}

void pre_dump_progress_shared(u64 bytes)
{
	progress.total += bytes;
	progress.shared += bytes;
}

void pre_dump_progress_scanned(u64 nr_pages, bool dirty)
{
	progress.scanned += nr_pages * PAGE_SIZE;
	if (dirty)
		progress.dirty += nr_pages * PAGE_SIZE;
}

void pre_dump_progress_written(u64 nr_pages)
{
	progress.written += nr_pages * PAGE_SIZE;
	if (!progress.started || us_since(&progress.last) < UPDATE_NS / 1000)
		return;

	clock_gettime(CLOCK_MONOTONIC, &progress.last);
	report("\"progress\"", "");
}

void pre_dump_progress_end(bool ok)
{
	if (!progress.started)
		return;

	report(ok ? "\"end\", \"success\": true" : "\"end\", \"success\": false", "\n");
	progress.started = false;
}
