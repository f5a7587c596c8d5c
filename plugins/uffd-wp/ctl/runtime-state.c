// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime-state.h"

/* Behind the key of the outermost object; NULL: there is none. */
static const char *value_of(const char *json, const char *key)
{
	size_t len = strlen(key);
	int depth = 0;

	for (; *json; json++) {
		if (*json == '{' || *json == '[')
			depth++;
		else if (*json == '}' || *json == ']')
			depth--;
		if (*json != '"')
			continue;

		if (depth == 1 && !strncmp(json + 1, key, len) && json[len + 1] == '"') {
			json += len + 2;
			json += strspn(json, " \t\r\n");
			if (*json == ':')
				return json + 1 + strspn(json + 1, " \t\r\n");
		}
		/* To the end of this string. */
		for (json++; *json && *json != '"'; json++)
			if (*json == '\\' && json[1])
				json++;
		if (!*json)
			break;
	}

	return NULL;
}

/* NULL also for one with a backslash, which paths that are of use here do not have. */
static char *string_of(const char *json, const char *key)
{
	const char *value = value_of(json, key);
	size_t len;

	if (!value || *value++ != '"')
		return NULL;
	len = strcspn(value, "\"\\");
	return value[len] == '"' ? strndup(value, len) : NULL;
}

int runtime_state_parse(const char *json, struct runtime_state *state)
{
	const char *pid = value_of(json, "pid");
	char *status = string_of(json, "status");
	bool known = status;

	state->pid = pid && isdigit((unsigned char)*pid) ? atoi(pid) : 0;
	state->running = status && !strcmp(status, "running");
	free(status);
	state->bundle = string_of(json, "bundle");
	state->rootfs = string_of(json, "rootfs");
	if (known && state->bundle && state->rootfs && (state->pid > 0 || !state->running))
		return 0;

	free(state->bundle);
	free(state->rootfs);
	return -1;
}
