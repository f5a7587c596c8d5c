// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "migrate-channel.h"

#define BLOCK 65536

long long channel_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* The descriptor may be non-blocking: then a side that does not read is noticed. */
static int write_all(int fd, const char *data, size_t len)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };
	ssize_t done;

	while (len) {
		done = write(fd, data, len);
		if (done < 0 && errno == EAGAIN && poll(&writable, 1, CHANNEL_LEASE_MS) > 0)
			continue;
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		data += done;
		len -= done;
	}

	return 0;
}

int channel_send(struct channel *channel, const char *format, ...)
{
	char line[CHANNEL_LINE];
	va_list args;
	int len, i;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	if (len < 0)
		return -1;
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;

	for (i = 0; i < len; i++)
		if (line[i] == '\n')
			line[i] = ' ';
	line[len++] = '\n';
	return write_all(channel->out, line, len);
}

int channel_fill(struct channel *channel, int timeout_ms)
{
	struct pollfd readable = { .fd = channel->in, .events = POLLIN };
	ssize_t len;
	int ret;

	if (channel->len == sizeof(channel->buf))
		return -1; /* no line is that long */

	ret = poll(&readable, 1, timeout_ms);
	if (ret <= 0)
		return ret < 0 && errno != EINTR ? -1 : 0;

	len = read(channel->in, channel->buf + channel->len, sizeof(channel->buf) - channel->len);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len <= 0)
		return -1;

	channel->len += len;
	return 1;
}

static void take_bytes(struct channel *channel, size_t bytes)
{
	channel->len -= bytes;
	memmove(channel->buf, channel->buf + bytes, channel->len);
}

bool channel_take_line(struct channel *channel, char *line)
{
	char *end = memchr(channel->buf, '\n', channel->len);
	size_t len;

	if (!end)
		return false;

	len = end - channel->buf;
	memcpy(line, channel->buf, len);
	line[len] = '\0';
	take_bytes(channel, len + 1);
	return true;
}

bool channel_skip_lines(struct channel *channel, const char *line)
{
	size_t len = strlen(line);
	bool any = false;

	while (channel->len > len && !memcmp(channel->buf, line, len) && channel->buf[len] == '\n') {
		take_bytes(channel, len + 1);
		any = true;
	}

	return any;
}

int channel_send_file(struct channel *channel, int fd, size_t bytes)
{
	char block[BLOCK];
	ssize_t len;

	while (bytes) {
		len = read(fd, block, bytes < sizeof(block) ? bytes : sizeof(block));
		if (len <= 0 || write_all(channel->out, block, len))
			return -1;
		bytes -= len;
	}

	return 0;
}

/* What can't be written is read all the same: what comes behind it are lines again. */
static void store(int fd, const char *data, size_t len, int *file_error)
{
	ssize_t done;

	while (len && !*file_error) {
		done = write(fd, data, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			*file_error = done ? errno : ENOSPC;
		else
			data += done, len -= done;
	}
}

int channel_receive_file(struct channel *channel, int fd, size_t bytes, int *file_error)
{
	size_t nr;

	*file_error = 0;
	while (bytes) {
		while (!channel->len)
			if (channel_fill(channel, CHANNEL_LEASE_MS) <= 0)
				return -1;
		nr = bytes < channel->len ? bytes : channel->len;
		store(fd, channel->buf, nr, file_error);
		take_bytes(channel, nr);
		bytes -= nr;
	}

	return 0;
}
