// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "criu-log.h"
#include "output.h"

/* The last of them says no more than that it failed; one, without the right to raise limits, is none. */
static bool tells_reason(const char *line)
{
	return strstr(line, "Error (") && !strstr(line, "umping FAILED.") && !strstr(line, "estoring FAILED.") &&
	       !strstr(line, "Can't setup RLIMIT_NOFILE");
}

static char *find_error(FILE *f, bool first)
{
	char *line = NULL, *error = NULL;
	size_t size = 0;

	while (!(first && error) && getline(&line, &size, f) > 0) {
		if (!tells_reason(line))
			continue;
		line[strcspn(line, "\n")] = '\0';
		free(error);
		error = strdup(line);
	}
	free(line);

	if (error)
		make_printable(error);
	return error;
}

char *criu_log_last_error(const char *path, bool *exists)
{
	char *error;
	FILE *f;

	f = fopen(path, "re");
	*exists = f;
	if (!f)
		return NULL;

	error = find_error(f, false);
	fclose(f);
	return error;
}

char *criu_log_first_error(const char *path)
{
	char *error;
	FILE *f;

	f = fopen(path, "re");
	if (!f)
		return NULL;

	error = find_error(f, true);
	fclose(f);
	return error;
}
