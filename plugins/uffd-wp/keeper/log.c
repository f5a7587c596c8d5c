// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>

#include "log.h"

static bool stderr_only;

void log_open(bool foreground)
{
	stderr_only = foreground;
	if (!stderr_only)
		openlog("uffd-wp-keeper", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_message(int priority, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("uffd-wp-keeper: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);

	if (stderr_only)
		return;

	va_start(args, format);
	vsyslog(priority, format, args);
	va_end(args);
}
