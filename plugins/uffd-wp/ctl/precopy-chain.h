/* SPDX-License-Identifier: GPL-2.0 */
/* The directories of a chain. */
#ifndef UFFD_WP_CTL_PRECOPY_CHAIN_H
#define UFFD_WP_CTL_PRECOPY_CHAIN_H

#define CHAIN_FINAL "final" /* subdirectory of the dump; those of pre-dumps are numbers from 1 on */

/*
 * Makes the directory, unless it is there and empty. Returns its absolute path
 * for the caller to free. NULL: reported.
 */
char *chain_prepare(const char *path);

/* Returns the path for the caller to free. */
char *chain_subdir(const char *dir, const char *subdir);

/* 0, or -1, reported. */
int chain_make_subdir(const char *dir, const char *subdir);

#endif /* UFFD_WP_CTL_PRECOPY_CHAIN_H */
