// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../keeper-client.h"
#include "ctl.h"

#define NOT_TRACKED "is not tracked (a criu pre-dump with --mem-tracker uffd-wp starts that)"

int parse_pid(const char *word, pid_t *pid)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(word, &end, 10);
	if (errno || *end || end == word || value <= 0 || value > INT_MAX) {
		warnx("'%s' is not a pid", word);
		return -EINVAL;
	}

	*pid = value;
	return 0;
}

int connect_to_keeper(void)
{
	const char *why = "";
	int sk;

	sk = keeper_connect(&why);
	if (sk < 0 && sk != -ENOENT && geteuid() != 0)
		warnx("%s (only root can look at tracked tasks)", why);
	else if (sk < 0 && sk != -ENOENT && sk != -ECONNREFUSED)
		warnx("can't use the keeper: %s (%s)", why, strerror(-sk));

	return sk == -ECONNREFUSED ? -ENOENT : sk;
}

int connect_for_task(pid_t pid)
{
	int sk = connect_to_keeper();

	if (sk == -ENOENT)
		warnx("%d " NOT_TRACKED, pid);
	return sk;
}

void report_get_error(pid_t pid, int error)
{
	switch (error) {
	case -ESRCH:
		warnx("there is no process %d", pid);
		break;
	case -ENOENT:
		warnx("%d " NOT_TRACKED, pid);
		break;
	default:
		warnx("%d: can't ask the keeper: %s", pid, strerror(-error));
	}
}
