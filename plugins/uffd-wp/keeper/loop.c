// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>

#include "loop.h"

static int epoll_fd = -1;

int loop_init(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return epoll_fd < 0 ? -errno : 0;
}

int loop_add(struct source *source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, source->fd, &event) ? -errno : 0;
}

void loop_remove(struct source *source)
{
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
}

int loop_wait(int timeout_ms)
{
	struct epoll_event event;
	struct source *source;
	int nr;

	/* One at a time: with several, the first one's handler could free the source of the second. */
	nr = epoll_wait(epoll_fd, &event, 1, timeout_ms);
	if (nr < 0)
		return errno == EINTR ? 0 : -errno;
	if (!nr)
		return 0;

	source = event.data.ptr;
	source->ready(source);
	return 0;
}

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}
