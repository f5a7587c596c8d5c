/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What migrate and its agent on the other host say to each other: lines of
 * text, and files behind the lines that announce them, over two descriptors.
 */
#ifndef UFFD_WP_CTL_MIGRATE_CHANNEL_H
#define UFFD_WP_CTL_MIGRATE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#define CHANNEL_LINE 4096 /* bytes, with the newline */

/* Who does not hear of the other side for so long takes it for dead. */
#define CHANNEL_LEASE_MS 6000
/*
 * Who waits for the other side to have come to that conclusion waits for longer:
 * it may be a little late to look, and takes what it finds then for new.
 */
#define CHANNEL_SAFE_MS 10000
#define CHANNEL_PING_MS 500
#define CHANNEL_PING "ping" /* to the agent, which answers each as soon as it can: */
#define CHANNEL_PONG "pong"
#define CHANNEL_UNDONE "ok undone" /* the last line of an agent, but of one that keeps what runs */

struct channel {
	int in, out;
	size_t len; /* bytes in buf */
	char buf[CHANNEL_LINE];
};

/* Sends a line; newlines in it become blanks. 0, or -1: the other side is gone, or does not read. */
int channel_send(struct channel *channel, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether bytes came within so many milliseconds: 1; 0: none; -1: the other side is gone. Reads what came. */
int channel_fill(struct channel *channel, int timeout_ms);

/* Takes the first line, without its newline, if there is a whole one. line: CHANNEL_LINE bytes. */
bool channel_take_line(struct channel *channel, char *line);

/* Takes lines like this one from the beginning of what came. Whether there were any. */
bool channel_skip_lines(struct channel *channel, const char *line);

/* Exactly so many bytes, to or from a file. 0, or -1. *file_error: errno if the file can't be written, else 0. */
int channel_send_file(struct channel *channel, int fd, size_t bytes);
int channel_receive_file(struct channel *channel, int fd, size_t bytes, int *file_error);

/* Milliseconds of CLOCK_MONOTONIC. */
long long channel_now_ms(void);

#endif /* UFFD_WP_CTL_MIGRATE_CHANNEL_H */
