// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu-log.h"
#include "precopy-report.h"

#define MIB 1048576.0

void print_table_header(void)
{
	printf("%9s %9s %12s %12s %9s %12s %9s\n", "ITERATION", "SECONDS", "SCANNED MiB", "WRITTEN MiB", "MiB/s",
	       "DIRTY MiB/s", "STOP ms");
}

void print_row(size_t n, double seconds, const struct precopy_status *status)
{
	printf("%9zu ", n);
	if (seconds < 0)
		printf("%9s ", "...");
	else
		printf("%9.2f ", seconds);
	printf("%12.1f %12.1f %9.1f ", status->scanned / MIB, status->written / MIB, status->rate / MIB);
	if (status->estimated)
		printf("%12.1f %9.1f", status->dirty_rate / MIB, status->stop_us / 1000.0);
	else
		printf("%12s %9s", "-", "-");
}

void print_verdict(enum precopy_verdict verdict, const struct precopy_limits *limits,
		   const struct precopy_iteration *iterations, size_t nr)
{
	const struct precopy_iteration *last = &iterations[nr - 1];

	switch (verdict) {
	case PRECOPY_GOAL_MET:
		puts("The goal is reached.");
		break;
	case PRECOPY_DIVERGES:
		printf("It does not converge: the target changes %.1f MiB/s, and %.1f MiB/s can be copied.\n",
		       last->dirty_rate / MIB, precopy_copy_rate(iterations, nr) / MIB);
		break;
	case PRECOPY_NO_LONGER_FALLS:
		puts("The estimated time that a dump stops the target no longer falls.");
		break;
	default:
		printf("That was --max-iterations, %zu.\n", nr);
	}

	if (last->estimated)
		printf("A dump now is estimated to stop the target for %.1f ms", last->stop_us / 1000.0);
	else
		fputs("How long a dump now would stop the target is not known", stdout);
	if (limits->downtime_us)
		printf("; the goal is %.0f ms", limits->downtime_us / 1000.0);
	puts(".");
}

static void print_messages(int fd)
{
	char buf[4096];
	ssize_t len;

	lseek(fd, 0, SEEK_SET);
	while ((len = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, len, stderr);
}

/* false: there is no log */
static bool print_last_error(const char *log)
{
	bool exists;
	char *error = criu_log_last_error(log, &exists);

	if (error)
		fprintf(stderr, "%s\n", error);
	free(error);
	return exists;
}

void report_failure(const char *action, const char *dir, const struct run *run)
{
	char *log;

	if (asprintf(&log, "%s/%s.log", dir, action) < 0)
		err(EXIT_FAILURE, "%s", dir);

	print_messages(run->messages);
	if (WIFSIGNALED(run->status))
		warnx("criu %s was killed by signal %d (%s)", action, WTERMSIG(run->status),
		      strsignal(WTERMSIG(run->status)));
	else
		warnx("criu %s failed with exit status %d", action, WEXITSTATUS(run->status));

	if (print_last_error(log))
		warnx("its log is %s", log);
	else if (WIFEXITED(run->status))
		warnx("it did not come as far as its log: is it a criu with --pre-dump-mode live, and are the options "
		      "behind -- right?");
	free(log);
}
