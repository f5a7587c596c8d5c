// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <bsd/libutil.h>

#include "../proc.h"
#include "output.h"

const char *human_bytes(char buf[HUMAN_SIZE], uint64_t bytes)
{
	if (humanize_number(buf, 7, bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes, "", HN_AUTOSCALE,
			    HN_DECIMAL | HN_NOSPACE | HN_B) < 0)
		strcpy(buf, "?");
	return buf;
}

const char *human_age(char buf[HUMAN_SIZE], uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s < 60)
		snprintf(buf, HUMAN_SIZE, "%" PRIu64 "s", s);
	else if (s < 60 * 60)
		snprintf(buf, HUMAN_SIZE, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 24 * 60 * 60)
		snprintf(buf, HUMAN_SIZE, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
	else
		snprintf(buf, HUMAN_SIZE, "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s / 3600 % 24);
	return buf;
}

void print_json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

void print_json_run_id(const char *run_id)
{
	if (*run_id)
		print_json_string(run_id);
	else
		fputs("null", stdout);
}

const char *read_comm(pid_t pid, char comm[COMM_SIZE])
{
	FILE *file;
	size_t len;

	file = proc_fopen(pid, "comm");
	len = file ? fread(comm, 1, COMM_SIZE - 1, file) : 0;
	if (file)
		fclose(file);

	/* The name itself may hold newlines: only the last one is the file's. */
	if (len && comm[len - 1] == '\n')
		len--;
	comm[len] = '\0';
	return len ? comm : strcpy(comm, "?");
}

void make_printable(char *s)
{
	for (; *s; s++)
		if (!isprint((unsigned char)*s))
			*s = '?';
}
