/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_REMOVE_H
#define UFFD_WP_CTL_REMOVE_H

/* Removes a directory and all in it, of one file system; what can't be removed is left. */
void remove_tree(const char *path);

#endif /* UFFD_WP_CTL_REMOVE_H */
