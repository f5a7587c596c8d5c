/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_RUNTIME_STATE_H
#define UFFD_WP_CTL_RUNTIME_STATE_H

#include <stdbool.h>
#include <sys/types.h>

/* What "runc state" tells. */
struct runtime_state {
	pid_t pid;
	bool running;
	char *bundle, *rootfs; /* for the caller to free */
};

/* 0, or -1 with nothing to free: it is not what the runtime specification says. */
int runtime_state_parse(const char *json, struct runtime_state *state);

#endif /* UFFD_WP_CTL_RUNTIME_STATE_H */
