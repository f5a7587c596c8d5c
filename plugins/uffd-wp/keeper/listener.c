// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../keeper-client.h"
#include "../keeper-path.h"
#include "listener.h"

static struct {
	int fd;
	int dir_fd;  /* KEEPER_DIR, locked for as long as we live */
	bool passed; /* the socket belongs to our starter */
	dev_t dev;   /* which file our socket is; no file has inode 0 */
	ino_t ino;
} listener = { .fd = -1, .dir_fd = -1 };

static int lock_dir(const char **why)
{
	struct stat found, opened;
	int fd, ret;

	if (mkdir(KEEPER_DIR, 0700) && errno != EEXIST) {
		*why = "can't create " KEEPER_DIR;
		return -errno;
	}

	ret = keeper_dir_check(&found, why);
	if (ret)
		return ret;

	fd = open(KEEPER_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		*why = "can't open " KEEPER_DIR;
		return -errno;
	}

	if (fstat(fd, &opened) || opened.st_dev != found.st_dev || opened.st_ino != found.st_ino) {
		*why = KEEPER_DIR " was exchanged meanwhile";
		ret = -EPERM;
	} else if (flock(fd, LOCK_EX | LOCK_NB)) {
		*why = errno == EWOULDBLOCK ? "another keeper runs" : "can't lock " KEEPER_DIR;
		ret = errno == EWOULDBLOCK ? -EALREADY : -errno;
	}

	if (ret) {
		close(fd);
		return ret;
	}

	listener.dir_fd = fd;
	return 0;
}

/* 0: nobody listens. */
static int probe(const char **why)
{
	struct sockaddr_un address;
	int sk, ret;

	sk = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sk < 0) {
		*why = "can't create a socket";
		return -errno;
	}

	keeper_address(&address);
	ret = connect(sk, (struct sockaddr *)&address, sizeof(address));
	if (ret && errno == ECONNREFUSED) {
		close(sk);
		return 0;
	}

	*why = "a process that is not the keeper listens on " KEEPER_SOCKET;
	close(sk);
	return -EADDRINUSE;
}

/* With the lock: what a keeper that was killed left behind. */
static int remove_stale_socket(const char **why)
{
	struct stat st;
	int ret;

	ret = keeper_socket_check(&st, why);
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;

	ret = probe(why);
	if (ret)
		return ret;

	if (unlink(KEEPER_SOCKET)) {
		*why = "can't remove the socket of a keeper that was killed";
		return -errno;
	}

	return 0;
}

static int bind_socket(int sk, const char **why)
{
	struct sockaddr_un address;
	mode_t mask;
	int ret;

	keeper_address(&address);
	/* Mode 0600 from the start. */
	mask = umask(0177);
	ret = bind(sk, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);

	if (ret) {
		*why = "can't bind to " KEEPER_SOCKET;
		return ret;
	}

	if (listen(sk, SOMAXCONN)) {
		*why = "can't listen on " KEEPER_SOCKET;
		ret = -errno;
		unlink(KEEPER_SOCKET);
	}

	return ret;
}

static int open_socket(const char **why)
{
	int sk, ret;

	ret = remove_stale_socket(why);
	if (ret)
		return ret;

	sk = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sk < 0) {
		*why = "can't create a socket";
		return -errno;
	}

	ret = bind_socket(sk, why);
	if (ret) {
		close(sk);
		return ret;
	}

	return sk;
}

static int option(int sk, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(sk, SOL_SOCKET, name, &value, &len) ? -1 : value;
}

/* The one that clients look for, or they would start another keeper next to us. */
static int check_passed_socket(int sk, const char **why)
{
	struct sockaddr_un ours, passed = { 0 };
	socklen_t len = sizeof(passed);

	keeper_address(&ours);
	if (getsockname(sk, (struct sockaddr *)&passed, &len) || passed.sun_family != AF_UNIX ||
	    strncmp(passed.sun_path, ours.sun_path, sizeof(ours.sun_path)) ||
	    option(sk, SO_TYPE) != SOCK_SEQPACKET || option(sk, SO_ACCEPTCONN) != 1) {
		*why = "the socket passed is not one that listens for packets on " KEEPER_SOCKET;
		return -EINVAL;
	}

	if (fcntl(sk, F_SETFL, O_NONBLOCK) || fcntl(sk, F_SETFD, FD_CLOEXEC)) {
		*why = "can't use the socket passed";
		return -errno;
	}

	return sk;
}

int listener_open(int passed_socket, const char **why)
{
	struct stat st;
	int ret;

	ret = lock_dir(why);
	if (ret)
		return ret;

	ret = passed_socket >= 0 ? check_passed_socket(passed_socket, why) : open_socket(why);
	if (ret < 0)
		return ret;
	listener.fd = ret;
	listener.passed = passed_socket >= 0;

	ret = keeper_socket_check(&st, why);
	if (ret)
		return ret;
	listener.dev = st.st_dev;
	listener.ino = st.st_ino;
	return listener.fd;
}

bool listener_is_reachable(void)
{
	struct stat st;

	return !lstat(KEEPER_SOCKET, &st) && st.st_dev == listener.dev && st.st_ino == listener.ino;
}

void listener_close(void)
{
	if (listener.fd >= 0) {
		if (!listener.passed && listener_is_reachable())
			unlink(KEEPER_SOCKET);
		close(listener.fd);
		listener.fd = -1;
	}

	if (listener.dir_fd >= 0)
		close(listener.dir_fd);
	listener.dir_fd = -1;
}
