/* SPDX-License-Identifier: GPL-2.0 */
/* What is printed on the way. */
#ifndef UFFD_WP_CTL_PRECOPY_REPORT_H
#define UFFD_WP_CTL_PRECOPY_REPORT_H

#include <stddef.h>

#include "precopy-policy.h"
#include "precopy-run.h"
#include "precopy-status.h"

void print_table_header(void);

/* Of iteration n. seconds: negative while it is not known. Without a newline. */
void print_row(size_t n, double seconds, const struct precopy_status *status);

/* Why there are no more iterations, and what a dump now would be like. nr: at least 1. */
void print_verdict(enum precopy_verdict verdict, const struct precopy_limits *limits,
		   const struct precopy_iteration *iterations, size_t nr);

/* Says how a criu failed. action: "pre-dump" or "dump", of which there is a log in that directory */
void report_failure(const char *action, const char *dir, const struct run *run);

#endif /* UFFD_WP_CTL_PRECOPY_REPORT_H */
