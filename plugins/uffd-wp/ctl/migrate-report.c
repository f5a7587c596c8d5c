// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>

#include "migrate-report.h"
#include "output.h"

#define MIB 1048576.0

static uint64_t all_written(const struct migrate *m)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < m->nr + m->moved; i++)
		sum += m->steps[i].written;
	return sum;
}

static double seconds_between(long long from, long long to)
{
	return from && to > from ? (to - from) / 1000.0 : 0;
}

static void print_table(const struct migrate *m)
{
	const struct migrate_times *t = &m->times;

	printf("\n%-28s %12s %12s\n", "", "MiB SENT", "SECONDS");
	printf("%-28s %12.1f %12.2f\n", "pre-dumps", (all_written(m) - m->steps[m->nr].written) / MIB,
	       seconds_between(t->start, t->dump));
	printf("%-28s %12.1f %12.3f\n", "stopped: dump", m->steps[m->nr].written / MIB,
	       seconds_between(t->dump, t->dumped));
	printf("%-28s %12s %12.3f\n", "stopped: rest of the images", "", seconds_between(t->dumped, t->sent));
	printf("%-28s %12s %12.3f\n", "stopped: restore", "", seconds_between(t->sent, t->running));
	printf("%-28s %12s %12.3f\n", "downtime", "", seconds_between(t->dump, t->running));
	printf("%-28s %12.1f %12.2f\n", "all", all_written(m) / MIB, seconds_between(t->start, t->end));
	printf("Moved to %s.\n", m->remote.name);
}

static void print_steps(const struct migrate *m)
{
	size_t i;

	for (i = 0; i < m->nr; i++) {
		const struct precopy_iteration *it = &m->iterations[i];

		printf("%s{\"seconds\": %.3f, \"bytes_scanned\": %" PRIu64 ", \"bytes_sent\": %" PRIu64, i ? ", " : "",
		       m->steps[i].seconds, m->steps[i].scanned, m->steps[i].written);
		if (it->estimated)
			printf(", \"dirty_bytes_per_second\": %" PRIu64 ", \"estimated_stop_ms\": %.1f}",
			       it->dirty_rate, it->stop_us / 1000.0);
		else
			fputs(", \"dirty_bytes_per_second\": null, \"estimated_stop_ms\": null}", stdout);
	}
}

static void print_json(const struct migrate *m, int status)
{
	const struct migrate_times *t = &m->times;

	printf("{\"moved\": %s, \"status\": %d, \"iterations\": [", m->moved ? "true" : "false", status);
	print_steps(m);
	printf("], \"bytes_sent\": %" PRIu64 ", \"seconds\": %.3f, ", all_written(m),
	       seconds_between(t->start, t->end));
	if (m->moved)
		printf("\"final_bytes_sent\": %" PRIu64 ", \"dump_ms\": %lld, \"send_ms\": %lld, \"restore_ms\": %lld, "
		       "\"downtime_ms\": %lld}\n", m->steps[m->nr].written, t->dumped - t->dump, t->sent - t->dumped,
		       t->running - t->sent, t->running - t->dump);
	else
		fputs("\"final_bytes_sent\": null, \"dump_ms\": null, \"send_ms\": null, \"restore_ms\": null, "
		      "\"downtime_ms\": null}\n", stdout);
}

void migrate_report(const struct migrate *m, int status)
{
	if (m->options->json)
		print_json(m, status);
	else if (m->moved)
		print_table(m);
}
