// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "precopy-status.h"

/* More than two lines. */
#define TAIL_BYTES 1024

/* These objects have numbers, words and no nesting: a quoted key is found nowhere else. NULL: there is no such key. */
static const char *value_of(const char *line, const char *key)
{
	char quoted[64];
	const char *found;
	int len;

	len = snprintf(quoted, sizeof(quoted), "\"%s\": ", key);
	found = strstr(line, quoted);
	return found ? found + len : NULL;
}

static bool ends_value(const char *s)
{
	return *s == ',' || *s == '}';
}

static bool is_word(const char *value, const char *word)
{
	return value && !strncmp(value, word, strlen(word)) && ends_value(value + strlen(word));
}

static int read_number(const char *line, const char *key, uint64_t *number)
{
	const char *value = value_of(line, key);
	char *end;

	/* strtoull(3) would take signs and spaces. */
	if (!value || !isdigit((unsigned char)*value))
		return -EINVAL;

	errno = 0;
	*number = strtoull(value, &end, 10);
	return errno || !ends_value(end) ? -EINVAL : 0;
}

static int read_event(const char *line, struct precopy_status *status)
{
	const char *event = value_of(line, "event"), *success = value_of(line, "success");

	status->end = is_word(event, "\"end\"");
	if (!status->end)
		return is_word(event, "\"progress\"") ? 0 : -EINVAL;

	status->success = is_word(success, "true");
	return status->success || is_word(success, "false") ? 0 : -EINVAL;
}

/* Both or none are known. */
static int read_estimate(const char *line, struct precopy_status *status)
{
	if (is_word(value_of(line, "dirty_rate"), "null") && is_word(value_of(line, "estimated_stop_us"), "null"))
		return 0;

	status->estimated = true;
	if (read_number(line, "dirty_rate", &status->dirty_rate))
		return -EINVAL;
	return read_number(line, "estimated_stop_us", &status->stop_us);
}

int precopy_status_parse(const char *line, struct precopy_status *status)
{
	size_t len = strlen(line);

	memset(status, 0, sizeof(*status));
	if (len < 2 || line[0] != '{' || line[len - 1] != '}')
		return -EINVAL;

	if (read_event(line, status) || read_number(line, "scanned_bytes", &status->scanned) ||
	    read_number(line, "written_bytes", &status->written) || read_number(line, "rate", &status->rate))
		return -EINVAL;

	return read_estimate(line, status);
}

int precopy_status_read(int fd, struct precopy_status *status)
{
	char tail[TAIL_BYTES], *end, *start;
	struct stat file;
	off_t from;
	ssize_t len;

	memset(status, 0, sizeof(*status));
	if (fstat(fd, &file))
		return -EINVAL;

	from = file.st_size > TAIL_BYTES ? file.st_size - TAIL_BYTES : 0;
	len = pread(fd, tail, sizeof(tail), from);
	end = len > 0 ? memrchr(tail, '\n', len) : NULL;
	if (!end)
		return -EINVAL;

	*end = '\0';
	start = memrchr(tail, '\n', end - tail);
	return precopy_status_parse(start ? start + 1 : tail, status);
}
