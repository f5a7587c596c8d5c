// SPDX-License-Identifier: GPL-2.0
#include "precopy-policy.h"

/* What makes less of a difference than this, 5%, is none. */
#define PART 0.95

/* An iteration that does not lower the estimate may have met with a burst of writes; so many in a row did not. */
#define PATIENCE 2

/* An iteration with little to write spends its time scanning: its own rate is not what can be copied. */
uint64_t precopy_copy_rate(const struct precopy_iteration *iterations, size_t nr)
{
	uint64_t rate = 0;
	size_t i;

	for (i = 0; i < nr; i++)
		if (iterations[i].rate > rate)
			rate = iterations[i].rate;

	return rate;
}

/*
 * A page counts once however often it is written, so the dirty rate that is
 * seen does not rise much above the rate of copying: it comes close.
 */
static bool diverges(const struct precopy_iteration *iterations, size_t nr)
{
	const struct precopy_iteration *last = &iterations[nr - 1];

	return last->estimated && last->dirty_rate > PART * precopy_copy_rate(iterations, nr);
}

static bool no_longer_falls(const struct precopy_iteration *iterations, size_t nr)
{
	uint64_t shortest = UINT64_MAX;
	size_t i, since = 0;

	for (i = 0; i < nr; i++) {
		if (!iterations[i].estimated)
			continue;

		if (shortest == UINT64_MAX || iterations[i].stop_us < PART * shortest) {
			shortest = iterations[i].stop_us;
			since = 0;
		} else {
			since++;
		}
	}

	return since >= PATIENCE;
}

enum precopy_verdict precopy_decide(const struct precopy_limits *limits, const struct precopy_iteration *iterations,
				    size_t nr)
{
	const struct precopy_iteration *last = &iterations[nr - 1];

	if (last->estimated && last->stop_us <= limits->downtime_us)
		return PRECOPY_GOAL_MET;
	if (diverges(iterations, nr))
		return PRECOPY_DIVERGES;
	if (no_longer_falls(iterations, nr))
		return PRECOPY_NO_LONGER_FALLS;
	if (nr >= limits->max_iterations)
		return PRECOPY_ENOUGH;

	return PRECOPY_GO_ON;
}
