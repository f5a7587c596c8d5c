// SPDX-License-Identifier: GPL-2.0
/* 10,000 connections at once: 256 are kept, the keeper goes on. Connections that say nothing make room in time. */
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "common.h"

#define CROWD	10000
#define MAX	256   /* CONNECTIONS_MAX of the keeper */
#define IDLE_MS 10000 /* CONNECTION_IDLE_MS */

static int crowd[CROWD];
static pid_t keeper;

static void raise_limit(void)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_max < CROWD + 100)
		skip("the limit of open files is %llu, %d are needed", (unsigned long long)limit.rlim_max, CROWD + 100);
	limit.rlim_cur = limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static bool is_closed(int sk)
{
	struct pollfd p = { .fd = sk, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP);
}

static int count_open(void)
{
	int i, nr = 0;

	for (i = 0; i < CROWD; i++)
		nr += !is_closed(crowd[i]);
	return nr;
}

static void test_crowd(int idle_fds)
{
	int i;

	for (i = 0; i < CROWD; i++) {
		crowd[i] = connect_raw();
		if (crowd[i] < 0)
			fail("connection %d: %s", i, strerror(-crowd[i]));
	}
	must_become(count_open() == MAX, 10000);
	must(count_fds(keeper) == idle_fds + MAX);

	/* Those that were let in are served. */
	for (i = 0; i < CROWD; i++)
		if (!is_closed(crowd[i]))
			must_return(keeper_hello(crowd[i]), 0);

	must_return(keeper_connect(NULL), -ECONNREFUSED);
	must_return(keeper_connect_or_start(keeper_path, NULL), -ETIMEDOUT);
	must_become(count_keepers() == 1, 1000);

	for (i = 0; i < CROWD; i++)
		close(crowd[i]);
	must_become(count_fds(keeper) == idle_fds, 2000);
}

static void test_idle(int idle_fds)
{
	int64_t start;
	int i, sk;

	for (i = 0; i < MAX; i++) {
		crowd[i] = keeper_connect(NULL);
		must(crowd[i] >= 0);
	}
	start = now_ms();
	must_return(keeper_connect(NULL), -ECONNREFUSED);

	/* All but the first have been silent for long enough; there is room for one more, and the oldest makes it. */
	sleep_ms(IDLE_MS / 2);
	must_return(keeper_hello(crowd[0]), 0);
	sleep_ms(start + IDLE_MS + 200 - now_ms());
	sk = keeper_connect(NULL);
	if (sk < 0)
		fail("silent connections make no room: %s", strerror(-sk));
	must(!is_closed(crowd[0]));
	must(is_closed(crowd[1]));
	must(!is_closed(crowd[2]));
	must_return(keeper_hello(crowd[2]), 0);

	close(sk);
	for (i = 0; i < MAX; i++)
		close(crowd[i]);
	must_become(count_fds(keeper) == idle_fds, 2000);
}

void test(void)
{
	int sk, idle_fds;

	raise_limit();
	sk = connect_keeper();
	keeper = keeper_pid(sk);
	idle_fds = count_fds(keeper) - 1;
	close(sk);
	must_become(count_fds(keeper) == idle_fds, 2000);

	test_crowd(idle_fds);
	test_idle(idle_fds);
	end_keeper(keeper);
}
