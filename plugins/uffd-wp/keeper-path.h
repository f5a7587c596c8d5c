/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the keeper listens, and whether what is there may be trusted. Both
 * sides ask: the client before it connects, the keeper before it listens.
 * "Ours" means: of our effective uid, nothing granted to group and others.
 */
#ifndef UFFD_WP_KEEPER_PATH_H
#define UFFD_WP_KEEPER_PATH_H

#include <sys/stat.h>
#include <sys/un.h>

/*
 * Exit status of `uffd-wp-keeper` without --foreground. It exits when the
 * keeper listens or when it is clear that it cannot.
 */
enum keeper_exit {
	KEEPER_LISTENS = 0,
	KEEPER_FAILED = 1,
	KEEPER_USAGE = 2,
	KEEPER_RUNS_ALREADY = 3, /* or is about to end */
};

/*
 * Look at KEEPER_DIR and KEEPER_SOCKET without following a symlink in the last
 * component. 0, -ENOENT, -EPERM when it is not ours or of another type, or
 * what lstat(2) says. st receives what was found. *why receives a message of
 * constant lifetime on error.
 */
int keeper_dir_check(struct stat *st, const char **why);
int keeper_socket_check(struct stat *st, const char **why);

/* The address to bind or connect to. */
void keeper_address(struct sockaddr_un *address);

/*
 * Whether the other side of a connected socket has our effective uid: 0 or
 * -EPERM. For a client that is the uid of whoever called listen(2).
 * uid (may be NULL) receives the other's.
 */
int keeper_peer_check(int sk, uid_t *uid);

#endif /* UFFD_WP_KEEPER_PATH_H */
