/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_CRIU_LOG_H
#define UFFD_WP_CTL_CRIU_LOG_H

#include <stdbool.h>

/*
 * The last line of a log of criu that tells why it failed, for the caller to
 * free; NULL: there is none. exists: whether there is a log.
 */
char *criu_log_last_error(const char *path, bool *exists);

/* The first one, which is nearer to the cause. */
char *criu_log_first_error(const char *path);

#endif /* UFFD_WP_CTL_CRIU_LOG_H */
