/* SPDX-License-Identifier: GPL-2.0 */
/* Descriptors that systemd passed: the socket to listen on, and what an earlier keeper stored; sd_listen_fds(3). */
#ifndef UFFD_WP_KEEPER_PASSED_H
#define UFFD_WP_KEEPER_PASSED_H

/* The first of them. */
#define PASSED_FD 3

/* How many there are; 0 if those in the environment are meant for another process. */
int passed_nr(void);

/*
 * Calls a function for each descriptor and the name that it was passed under, "" if there is none. The descriptor is
 * close-on-exec by then.
 */
void passed_each(void (*fn)(int fd, const char *name));

/* A descriptor of a socket, -1 if none was passed. */
int passed_socket(void);

#endif /* UFFD_WP_KEEPER_PASSED_H */
