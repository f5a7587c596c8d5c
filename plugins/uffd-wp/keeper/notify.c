// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"

#define SEND_SECONDS 5 /* systemd has more to do, its queue may be full */

static int notify_fd = -1;

void notify_init(void)
{
	const struct timeval timeout = { .tv_sec = SEND_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int sk;

	if (len < 2 || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';

	sk = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sk < 0)
		return;
	/* The length of an abstract address is part of its name. */
	if (setsockopt(sk, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) ||
	    connect(sk, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + len)) {
		close(sk);
		return;
	}

	notify_fd = sk;
}

bool notify_wanted(void)
{
	return notify_fd >= 0;
}

int notify(const char *message, const int *fds, unsigned int nr)
{
	union {
		char buf[CMSG_SPACE(NOTIFY_MAX_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (char *)message, .iov_len = strlen(message) };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (notify_fd < 0)
		return 0;

	if (nr) {
		hdr.msg_control = control.buf;
		hdr.msg_controllen = CMSG_SPACE(nr * sizeof(int));
		CMSG_FIRSTHDR(&hdr)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&hdr)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&hdr)->cmsg_len = CMSG_LEN(nr * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&hdr)), fds, nr * sizeof(int));
	}

	do
		sent = sendmsg(notify_fd, &hdr, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);

	return sent < 0 ? -errno : 0;
}
