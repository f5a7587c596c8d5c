/* SPDX-License-Identifier: GPL-2.0 */
/* How values are printed. */
#ifndef UFFD_WP_CTL_OUTPUT_H
#define UFFD_WP_CTL_OUTPUT_H

#include <stdint.h>
#include <sys/types.h>

#define HUMAN_SIZE 24

/* A number of bytes in at most 6 characters: "512B", "1.5M", "20T". */
const char *human_bytes(char buf[HUMAN_SIZE], uint64_t bytes);

/* A time in its two largest units: "8s", "3m12s", "2h05m", "1d07h". */
const char *human_age(char buf[HUMAN_SIZE], uint64_t ms);

/* A string as JSON, in quotes. Bytes that are no ASCII are taken for Latin-1, so that the result is valid whatever they are. */
void print_json_string(const char *s);

/* A run id as JSON: null when it is "". */
void print_json_run_id(const char *run_id);

#define COMM_SIZE 64 /* kernel threads have longer names than TASK_COMM_LEN */

/* Name of the process, "?" when it can't be read. */
const char *read_comm(pid_t pid, char comm[COMM_SIZE]);

/* For a terminal: whatever is not printable in it replaced by '?'. */
void make_printable(char *s);

#endif /* UFFD_WP_CTL_OUTPUT_H */
