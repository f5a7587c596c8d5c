/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_SYNC_H
#define UFFD_WP_SYNC_H

/*
 * Writes every regular file of a directory, and the directory, to stable
 * storage, so that a delayed write error is seen now and not after a later
 * run relied on the file. dirfd stays the caller's. 0 or -errno.
 */
int sync_directory(int dirfd);

#endif /* UFFD_WP_SYNC_H */
