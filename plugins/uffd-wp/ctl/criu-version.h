/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_CRIU_VERSION_H
#define UFFD_WP_CTL_CRIU_VERSION_H

#define CRIU_VERSION_SIZE 64

/* "4.2.1" of a criu program. 0, or -1. */
int criu_version(const char *path, char version[CRIU_VERSION_SIZE]);

#endif /* UFFD_WP_CTL_CRIU_VERSION_H */
