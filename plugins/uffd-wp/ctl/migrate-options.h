/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_MIGRATE_OPTIONS_H
#define UFFD_WP_CTL_MIGRATE_OPTIONS_H

#include "ctl.h"
#include "precopy-policy.h"
#include "words.h"

struct migrate_options {
	bool json;
	/* What: one of these */
	pid_t pid;
	const char *container;
	/* Whereto: a host for ssh, or a command that runs what follows it there */
	const char *host, *rsh;
	const char *address; /* where the memory is sent to; NULL: the host */
	const char *remote_ctl; /* path of uffd-wpctl there; NULL: as here */
	const char *criu, *remote_criu; /* NULL: to be found */
	const char *runtime, *runtime_root, *bundle;
	const char *dir, *remote_dir; /* where directories for images are made */
	const char *script, *check;
	bool lazy; /* the restore */
	bool keep; /* what is in the directories */
	struct precopy_limits limits;
	struct words tls; /* options for criu on both sides */
	struct words restore; /* options for the restore only */
	char **both; /* options for dump and restore; ends with NULL */
};

/* As of main(); argv ends with NULL. 0, or -EINVAL, reported. */
int migrate_parse_options(int argc, char **argv, struct migrate_options *options);
void migrate_free_options(struct migrate_options *options);

#endif /* UFFD_WP_CTL_MIGRATE_OPTIONS_H */
