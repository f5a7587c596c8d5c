/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_KEEPER_LOG_H
#define UFFD_WP_KEEPER_LOG_H

#include <stdbool.h>
#include <syslog.h>

/* Before any descriptor is handed in: connects to the system log. foreground: stderr is the log. */
void log_open(bool foreground);

/*
 * One message: to the system log and, as long as there is one, to stderr.
 * priority: LOG_ERR, ... of syslog(3). No newline at the end.
 */
void log_message(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif /* UFFD_WP_KEEPER_LOG_H */
