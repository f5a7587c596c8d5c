/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_PRECOPY_OPTIONS_H
#define UFFD_WP_CTL_PRECOPY_OPTIONS_H

#include "ctl.h"
#include "precopy-policy.h"

struct precopy_options {
	pid_t pid;
	const char *dir;
	const char *criu; /* NULL: to be found */
	struct precopy_limits limits;
	bool dump;
	char **criu_options; /* ends with NULL */
};

/* As of main(); argv ends with NULL. 0, or -EINVAL, reported. */
int precopy_parse_options(int argc, char **argv, struct precopy_options *options);

#endif /* UFFD_WP_CTL_PRECOPY_OPTIONS_H */
