// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper-client.h"
#include "keeper-path.h"

static int look(const char *path, struct stat *st, const char *missing, const char *unreadable, const char **why)
{
	if (!lstat(path, st))
		return 0;

	*why = errno == ENOENT ? missing : unreadable;
	return -errno;
}

int keeper_dir_check(struct stat *st, const char **why)
{
	int ret;

	ret = look(KEEPER_DIR, st, "no keeper runs", "can't look at " KEEPER_DIR, why);
	if (ret)
		return ret;

	if (!S_ISDIR(st->st_mode))
		*why = KEEPER_DIR " is not a directory, remove it";
	else if (st->st_uid != geteuid())
		*why = KEEPER_DIR " belongs to another user, remove it";
	else if (st->st_mode & 077)
		*why = KEEPER_DIR " is open to others, its mode must be 0700";
	else
		return 0;

	return -EPERM;
}

int keeper_socket_check(struct stat *st, const char **why)
{
	int ret;

	ret = look(KEEPER_SOCKET, st, "no keeper runs", "can't look at " KEEPER_SOCKET, why);
	if (ret)
		return ret;

	if (!S_ISSOCK(st->st_mode))
		*why = KEEPER_SOCKET " is not a socket, remove it";
	else if (st->st_uid != geteuid())
		*why = KEEPER_SOCKET " belongs to another user, remove it";
	else if (st->st_mode & 077)
		*why = KEEPER_SOCKET " is open to others, its mode must be 0600";
	else
		return 0;

	return -EPERM;
}

void keeper_address(struct sockaddr_un *address)
{
	_Static_assert(sizeof(KEEPER_SOCKET) <= sizeof(address->sun_path), "path too long for a socket");

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, KEEPER_SOCKET);
}

int keeper_peer_check(int sk, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(sk, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return -errno;

	if (uid)
		*uid = peer.uid;
	return peer.uid == geteuid() ? 0 : -EPERM;
}
