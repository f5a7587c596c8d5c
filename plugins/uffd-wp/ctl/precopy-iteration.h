/* SPDX-License-Identifier: GPL-2.0 */
/* One live criu pre-dump, from its start to its row in the table. */
#ifndef UFFD_WP_CTL_PRECOPY_ITERATION_H
#define UFFD_WP_CTL_PRECOPY_ITERATION_H

#include <stdbool.h>
#include <stddef.h>

#include "precopy-policy.h"
#include "precopy-run.h"
#include "precopy-status.h"

struct iteration {
	struct run run; /* first, for run.on_tick to find the rest */
	size_t n; /* from 1 */
	bool shown; /* as a row that refreshes */
	struct precopy_status status;
};

/* From run.on_tick: refreshes its row on a terminal. */
void iteration_show(struct iteration *it);

/* After runner_run(): criu said that the pre-dump is complete, and nothing failed afterwards. */
bool iteration_is_complete(struct iteration *it);

/* Its final row. */
void iteration_print(const struct iteration *it);

/* What it tells about the next one. */
struct precopy_iteration iteration_result(const struct iteration *it);

#endif /* UFFD_WP_CTL_PRECOPY_ITERATION_H */
