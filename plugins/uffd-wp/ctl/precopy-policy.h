/* SPDX-License-Identifier: GPL-2.0 */
/* After a pre-dump: is another one worth it? Nothing here asks or changes anything. */
#ifndef UFFD_WP_CTL_PRECOPY_POLICY_H
#define UFFD_WP_CTL_PRECOPY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one pre-dump told. */
struct precopy_iteration {
	uint64_t rate; /* bytes per second that were written to the images */
	bool estimated; /* the first one has no images to compare with: nothing below is known */
	uint64_t dirty_rate; /* bytes per second that the tasks changed */
	uint64_t stop_us; /* how long a dump now would stop them */
};

/* What users may ask for. */
#define MAX_ITERATIONS 1000
#define MAX_DOWNTIME_MS 3600000

struct precopy_limits {
	size_t max_iterations;
	uint64_t downtime_us; /* 0: as short as it gets */
};

enum precopy_verdict {
	PRECOPY_GO_ON,
	PRECOPY_GOAL_MET,
	PRECOPY_DIVERGES,
	PRECOPY_NO_LONGER_FALLS,
	PRECOPY_ENOUGH,
};

/* nr: at least 1; the last one is the one that just ended. */
enum precopy_verdict precopy_decide(const struct precopy_limits *limits, const struct precopy_iteration *iterations,
				    size_t nr);

/* Bytes per second that can be copied, from what the iterations did. */
uint64_t precopy_copy_rate(const struct precopy_iteration *iterations, size_t nr);

#endif /* UFFD_WP_CTL_PRECOPY_POLICY_H */
