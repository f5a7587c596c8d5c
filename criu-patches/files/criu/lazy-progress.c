#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "int.h"
#include "lazy-progress.h"
#include "log.h"
#include "page.h"
#include "util.h"

#undef LOG_PREFIX
#define LOG_PREFIX "lazy-progress: "

#define TERMINAL_MS 200
#define LOG_MS	    1000

static struct {
	bool terminal;
	uint64_t expected, done; /* pages */
	uint64_t faults;
	uint64_t start_ms, terminal_ms, log_ms; /* of the first page, and the last lines; 0: nothing has come yet */
} progress;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

static unsigned long long mib(uint64_t pages)
{
	return pages * PAGE_SIZE >> 20;
}

static unsigned long long mib_per_second(uint64_t now)
{
	return now > progress.start_ms ? mib(progress.done) * 1000 / (now - progress.start_ms) : 0;
}

static void to_terminal(uint64_t now, const char *end)
{
	progress.terminal_ms = now;
	fprintf(stderr, "\r\033[Klazy-pages: %llu of %llu MiB, %llu MiB/s, %llu page faults%s", mib(progress.done),
		mib(progress.expected), mib_per_second(now), (unsigned long long)progress.faults, end);
}

static void to_log(uint64_t now, const char *end)
{
	progress.log_ms = now;
	pr_info("%llu of %llu pages after %llu ms, %llu page faults%s\n", (unsigned long long)progress.done,
		(unsigned long long)progress.expected, (unsigned long long)(now - progress.start_ms),
		(unsigned long long)progress.faults, end);
}

void lazy_progress_expect(unsigned long nr_pages)
{
	progress.expected += nr_pages;
}

static void start(uint64_t now)
{
	if (progress.start_ms)
		return;

	progress.start_ms = progress.log_ms = now;
	progress.terminal = isatty(STDERR_FILENO);
}

void lazy_progress_done(unsigned long nr_pages)
{
	uint64_t now = now_ms();

	start(now);
	progress.done += nr_pages;

	if (now - progress.log_ms >= LOG_MS)
		to_log(now, "");
	if (progress.terminal && now - progress.terminal_ms >= TERMINAL_MS)
		to_terminal(now, "");
}

void lazy_progress_fault(void)
{
	progress.faults++;
}

void lazy_progress_end(bool complete)
{
	uint64_t now = now_ms();

	start(now);
	to_log(now, complete ? ": complete" : ": failed");
	if (progress.terminal)
		to_terminal(now, complete ? "\n" : ", failed\n");
}
