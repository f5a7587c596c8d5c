/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_KEEPER_WATCH_H
#define UFFD_WP_KEEPER_WATCH_H

/*
 * Calls unreachable() when the socket was removed or its directory moved away.
 * A keeper that nobody finds must not go on holding contexts: its tasks could
 * not be tracked by any other. 0 or -errno.
 */
int watch_start(void (*unreachable)(void));

#endif /* UFFD_WP_KEEPER_WATCH_H */
