/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_MIGRATE_COMMAND_H
#define UFFD_WP_CTL_MIGRATE_COMMAND_H

#include "migrate.h"

/* The command of the last dump, iteration n, of a process or a container. 0, or -1, reported. */
int migrate_dump_words(struct migrate *m, size_t n, unsigned int port, struct words *words);

/* What that dump locked in our network namespace; in others it ends with them. */
void migrate_unlock_network(struct migrate *m, size_t n);

#endif /* UFFD_WP_CTL_MIGRATE_COMMAND_H */
