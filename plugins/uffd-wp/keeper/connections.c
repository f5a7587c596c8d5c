// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bsd/sys/queue.h>

#include "../keeper-path.h"
#include "connections.h"
#include "held.h"
#include "log.h"
#include "loop.h"
#include "requests.h"

#define REFUSAL_LOG_MS	10000
#define OUT_OF_FDS_WAIT 100 /* milliseconds */

struct connection {
	struct source source;
	uint64_t active_ms; /* last request, before the first the start */
	TAILQ_ENTRY(connection) link;
};

/* In the order of active_ms. */
static TAILQ_HEAD(, connection) connections = TAILQ_HEAD_INITIALIZER(connections);
static size_t nr;

size_t connections_nr(void)
{
	return nr;
}

static void connection_close(struct connection *c)
{
	TAILQ_REMOVE(&connections, c, link);
	nr--;
	if (!nr)
		held_all_unused();
	loop_remove(&c->source);
	close(c->source.fd);
	free(c);
}

/* One request. 0: it was answered. */
static int serve(int sk)
{
	struct wire_fds fds, rsp_fds;
	UffdWp__Response rsp;
	UffdWp__Request *req;
	int ret;

	ret = wire_recv_request(sk, &req, &fds);
	if (ret)
		return ret;

	handle_request(req, &fds, &rsp, &rsp_fds);
	wire_close_fds(&fds);
	uffd_wp__request__free_unpacked(req, NULL);

	/* EAGAIN, too: a client that asks and asks and reads no answer. */
	return wire_send(sk, &rsp.base, &rsp_fds);
}

static void connection_ready(struct source *source)
{
	struct connection *c = source_container(source, struct connection, source);

	if (serve(source->fd)) {
		connection_close(c);
		return;
	}

	c->active_ms = now_ms();
	TAILQ_REMOVE(&connections, c, link);
	TAILQ_INSERT_TAIL(&connections, c, link);
}

static void make_room(void)
{
	struct connection *oldest = TAILQ_FIRST(&connections);

	if (nr >= CONNECTIONS_MAX && now_ms() - oldest->active_ms >= CONNECTION_IDLE_MS)
		connection_close(oldest);
}

/* 0: the descriptor is the connection's now. */
static int connection_add(int fd)
{
	struct connection *c;
	int ret;

	make_room();
	if (nr >= CONNECTIONS_MAX)
		return -EUSERS;

	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;

	c->source = (struct source){ .fd = fd, .ready = connection_ready };
	c->active_ms = now_ms();
	ret = loop_add(&c->source);
	if (ret) {
		free(c);
		return ret;
	}

	TAILQ_INSERT_TAIL(&connections, c, link);
	nr++;
	return 0;
}

/* Not one message for every attempt: they would fill the log. */
static void log_refusal(uid_t uid)
{
	static uint64_t last_ms;
	static unsigned long silent;
	uint64_t now = now_ms();

	if (last_ms && now - last_ms < REFUSAL_LOG_MS) {
		silent++;
		return;
	}

	log_message(LOG_WARNING, "refused a connection of uid %u (and %lu more before)", (unsigned int)uid, silent);
	last_ms = now;
	silent = 0;
}

static void accept_ready(struct source *source)
{
	uid_t uid = -1;
	int fd;

	fd = accept4(source->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		/* Out of descriptors or memory: it stays readable, so don't spin. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			poll(NULL, 0, OUT_OF_FDS_WAIT);
		return;
	}

	if (keeper_peer_check(fd, &uid)) {
		log_refusal(uid);
		close(fd);
		return;
	}

	if (connection_add(fd))
		close(fd);
}

static struct source acceptor = { .fd = -1, .ready = accept_ready };

int connections_init(int listen_fd)
{
	acceptor.fd = listen_fd;
	return loop_add(&acceptor);
}
