// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "keeper-client.h"
#include "keeper-path.h"
#include "keeper-start.h"

#define ANSWER_SECONDS 5 /* for one answer; a keeper has nothing to wait for */
#define START_MS       5000
#define RETRY_MS       50

static int connect_error(int err, const char **why)
{
	switch (err) {
	case ENOENT:
	case ECONNREFUSED:
		*why = "no keeper runs";
		return -err;
	case EPROTOTYPE:
		*why = "another kind of service listens on " KEEPER_SOCKET;
		return -EPERM;
	case EAGAIN:
		*why = "the keeper does not accept connections";
		return -ETIMEDOUT;
	default:
		*why = "can't connect to " KEEPER_SOCKET;
		return -err;
	}
}

/*
 * Shows that somebody serves the connection, in our version. Also closes a
 * race: connect(2) succeeds with a keeper that is about to exit.
 */
static int greet(int sk, const char **why)
{
	int ret = keeper_hello(sk);

	switch (ret) {
	case 0:
		return 0;
	case -ECONNRESET:
		*why = "the keeper ends, or serves too many clients";
		return ret;
	case -EPROTONOSUPPORT:
		*why = "a keeper of another version runs, end it (kill -TERM); tracked tasks are then dumped in full";
		return ret;
	case -ETIMEDOUT:
		*why = "the keeper does not answer";
		return ret;
	default:
		*why = "what listens on " KEEPER_SOCKET " is not a keeper";
		return ret;
	}
}

static int connect_socket(int sk, const char **why)
{
	const struct timeval timeout = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un address;
	int ret;

	if (setsockopt(sk, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    setsockopt(sk, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout))) {
		*why = "can't set a time limit";
		return -errno;
	}

	keeper_address(&address);
	do
		ret = connect(sk, (struct sockaddr *)&address, sizeof(address));
	while (ret < 0 && errno == EINTR);
	if (ret)
		return connect_error(errno, why);

	/* Asked of the connection, so this holds whatever happened to the path since it was checked. */
	ret = keeper_peer_check(sk, NULL);
	if (ret) {
		*why = "a process of another user listens on " KEEPER_SOCKET;
		return ret;
	}

	return greet(sk, why);
}

/* -ECONNRESET: somebody listened, and went away. */
static int try_connect(const char **why)
{
	struct stat st;
	int sk, ret;

	ret = keeper_dir_check(&st, why);
	if (!ret)
		ret = keeper_socket_check(&st, why);
	if (ret)
		return ret;

	sk = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sk < 0) {
		*why = "can't create a socket";
		return -errno;
	}

	ret = connect_socket(sk, why);
	if (ret) {
		close(sk);
		return ret;
	}

	return sk;
}

int keeper_connect(const char **why)
{
	const char *ignored;
	int sk;

	sk = try_connect(why ?: &ignored);
	return sk == -ECONNRESET ? -ECONNREFUSED : sk;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void wait_to_retry(void)
{
	const struct timespec retry = { .tv_nsec = RETRY_MS * 1000000L };

	nanosleep(&retry, NULL);
}

/* 0: a keeper was started, or another one was found to run. */
static int start(const char *path, int timeout_ms, const char **why)
{
	int ret;

	ret = keeper_start(path, timeout_ms);
	switch (ret) {
	case KEEPER_LISTENS:
		return 0;
	case KEEPER_RUNS_ALREADY:
		/* It does not listen yet, or it ends and does not listen any more. */
		wait_to_retry();
		return 0;
	case -ETIMEDOUT:
		*why = "the keeper does not start listening in time";
		return ret;
	case -ENOEXEC:
		*why = "the keeper program can't be executed";
		return ret;
	default:
		*why = "the keeper can't start, the system log says why";
		return ret < 0 ? ret : -EIO;
	}
}

int keeper_connect_or_start(const char *path, const char **why)
{
	int64_t deadline = now_ms() + START_MS, left;
	const char *ignored;
	int sk, ret;

	if (!why)
		why = &ignored;

	for (;;) {
		sk = try_connect(why);
		if (sk != -ENOENT && sk != -ECONNREFUSED && sk != -ECONNRESET)
			return sk;

		left = deadline - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;

		/* If the socket is systemd's, that starts the next one; else we do when we come back. */
		if (sk == -ECONNRESET) {
			wait_to_retry();
			continue;
		}

		if (access(path, X_OK)) {
			*why = "the keeper program is missing or not executable";
			return -errno;
		}

		ret = start(path, left, why);
		if (ret)
			return ret;
	}
}
