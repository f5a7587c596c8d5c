// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "precopy-iteration.h"
#include "precopy-report.h"

void iteration_show(struct iteration *it)
{
	if (precopy_status_read(it->run.lines, &it->status) || it->status.end)
		return;

	putchar('\r');
	print_row(it->n, -1, &it->status);
	fflush(stdout);
	it->shown = true;
}

bool iteration_is_complete(struct iteration *it)
{
	/* It says so when all memory is written; what comes then may still fail. */
	bool complete = !it->run.left && !it->run.status && !precopy_status_read(it->run.lines, &it->status) &&
			it->status.success;

	if (it->shown)
		putchar(complete ? '\r' : '\n');
	return complete;
}

void iteration_print(const struct iteration *it)
{
	print_row(it->n, it->run.seconds, &it->status);
	putchar('\n');
}

struct precopy_iteration iteration_result(const struct iteration *it)
{
	return (struct precopy_iteration){
		.rate = it->status.rate,
		.estimated = it->status.estimated,
		.dirty_rate = it->status.dirty_rate,
		.stop_us = it->status.stop_us,
	};
}
