/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_MIGRATE_TRANSPORT_H
#define UFFD_WP_CTL_MIGRATE_TRANSPORT_H

#include "migrate.h"

/* Starts an agent on the other side. 0, or -1, reported. */
int migrate_connect(struct migrate *m);

#endif /* UFFD_WP_CTL_MIGRATE_TRANSPORT_H */
