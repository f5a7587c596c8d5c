/* SPDX-License-Identifier: GPL-2.0 */
/* What is to be moved: a process with its descendants, or a container of a runtime such as runc. */
#ifndef UFFD_WP_CTL_SUBJECT_H
#define UFFD_WP_CTL_SUBJECT_H

#include <stdbool.h>
#include <sys/types.h>

#include "migrate-options.h"
#include "precopy-run.h"

struct subject {
	pid_t pid; /* of its first process */
	int pidfd;
	int lock; /* of the process, against others who would move it */
	/* A container, else NULL: */
	const char *container;
	char *bundle, *rootfs;
};

/* 0, or -1, reported. */
int subject_find(struct runner *runner, const struct migrate_options *options, struct subject *subject);
void subject_free(struct subject *subject);

/* The words of a runtime that come first. */
void subject_runtime_words(const struct migrate_options *options, struct words *words);

#endif /* UFFD_WP_CTL_SUBJECT_H */
