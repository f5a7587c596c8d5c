/* SPDX-License-Identifier: GPL-2.0 */
/* Clients: who is let in, and their requests. */
#ifndef UFFD_WP_KEEPER_CONNECTIONS_H
#define UFFD_WP_KEEPER_CONNECTIONS_H

#include <stddef.h>

#define CONNECTIONS_MAX	   256	 /* further ones are closed at once */
#define CONNECTION_IDLE_MS 10000 /* when there is no room, one that said nothing for so long makes room */

/* listen_fd: nonblocking, stays the caller's. 0 or -errno. */
int connections_init(int listen_fd);

size_t connections_nr(void);

#endif /* UFFD_WP_KEEPER_CONNECTIONS_H */
