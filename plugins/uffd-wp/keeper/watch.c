// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "../keeper-client.h"
#include "listener.h"
#include "loop.h"
#include "watch.h"

static void (*unreachable_fn)(void);

static void changed(struct source *source)
{
	char events[4096];

	/* What happened does not matter, but where the socket is now. */
	while (read(source->fd, events, sizeof(events)) > 0)
		;

	if (!listener_is_reachable())
		unreachable_fn();
}

static struct source watch = { .fd = -1, .ready = changed };

int watch_start(void (*unreachable)(void))
{
	const uint32_t events = IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW;

	unreachable_fn = unreachable;
	watch.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch.fd < 0 || inotify_add_watch(watch.fd, KEEPER_DIR, events) < 0)
		return -errno;

	return loop_add(&watch);
}
