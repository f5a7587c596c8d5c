/* SPDX-License-Identifier: GPL-2.0 */
/* Images that do not go through the page server: small files of one directory. */
#ifndef UFFD_WP_CTL_MIGRATE_FILES_H
#define UFFD_WP_CTL_MIGRATE_FILES_H

#include <stdint.h>

#include "migrate-channel.h"

/*
 * Announces and sends the regular files of a directory, but for logs, as
 * "file SIZE NAME" and their content. bytes: is added to. 0, or -1: reported.
 */
int files_send(struct channel *channel, const char *dir, uint64_t *bytes);

/*
 * Receives one of them. arguments: what came behind "file ". 0, or -1: the
 * other side is gone; *error is a constant text if the file could not be
 * stored, and NULL if it could.
 */
int files_receive(struct channel *channel, const char *dir, const char *arguments, const char **error);

#endif /* UFFD_WP_CTL_MIGRATE_FILES_H */
