/* SPDX-License-Identifier: GPL-2.0 */
/* Messages to systemd, or whoever else started us with NOTIFY_SOCKET: the protocol of sd_notify(3). */
#ifndef UFFD_WP_KEEPER_NOTIFY_H
#define UFFD_WP_KEEPER_NOTIFY_H

#include <stdbool.h>

#define NOTIFY_MAX_FDS 2

/* To be called once. */
void notify_init(void);

/* Whether somebody wants to be told. */
bool notify_wanted(void);

/*
 * Sends a message of NAME=VALUE lines, and with it up to NOTIFY_MAX_FDS descriptors, which stay the caller's. When it
 * was sent it will be read, even if we die. 0, also if nobody wants to be told, or -errno.
 */
int notify(const char *message, const int *fds, unsigned int nr);

#endif /* UFFD_WP_KEEPER_NOTIFY_H */
