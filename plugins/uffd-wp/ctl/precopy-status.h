/* SPDX-License-Identifier: GPL-2.0 */
/* What a live criu pre-dump writes to its --status-fd: lines of JSON, each of which replaces those before. */
#ifndef UFFD_WP_CTL_PRECOPY_STATUS_H
#define UFFD_WP_CTL_PRECOPY_STATUS_H

#include <stdbool.h>
#include <stdint.h>

struct precopy_status {
	bool end; /* of the pre-dump */
	bool success; /* only at its end */
	uint64_t scanned, written; /* bytes */
	uint64_t rate; /* bytes per second written */
	bool estimated; /* false: dirty_rate and stop_us are null */
	uint64_t dirty_rate; /* bytes per second changed */
	uint64_t stop_us;
};

/* line: without the newline. 0, or -EINVAL: it is none of those lines. */
int precopy_status_parse(const char *line, struct precopy_status *status);

/* As precopy_status_parse(), of the last line of a file that may be written to meanwhile. */
int precopy_status_read(int fd, struct precopy_status *status);

#endif /* UFFD_WP_CTL_PRECOPY_STATUS_H */
