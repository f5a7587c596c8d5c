/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The listening socket at KEEPER_SOCKET. There is one keeper: whoever holds a
 * lock (flock(2)) on KEEPER_DIR. Only with the lock a socket is replaced, and
 * only one of ours on which nobody listens.
 */
#ifndef UFFD_WP_KEEPER_LISTENER_H
#define UFFD_WP_KEEPER_LISTENER_H

#include <stdbool.h>

/*
 * Takes the lock and listens, on the socket that our starter passed, or with -1 on one of our own.
 * Returns a nonblocking, close-on-exec descriptor, which stays the listener's,
 * or -errno and a message of constant lifetime in *why:
 *  -EALREADY    another keeper has the lock
 *  -EPERM       directory or socket is not ours
 *  -EADDRINUSE  a process that is no keeper listens there
 */
int listener_open(int passed_socket, const char **why);

/* Whether clients still find us at KEEPER_SOCKET. */
bool listener_is_reachable(void);

/* Removes the socket, unless it was passed to us or is another one by now, and closes it. */
void listener_close(void);

#endif /* UFFD_WP_KEEPER_LISTENER_H */
