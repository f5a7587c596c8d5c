/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_MIGRATE_HANDOVER_H
#define UFFD_WP_CTL_MIGRATE_HANDOVER_H

#include "migrate.h"

/*
 * The tasks are stopped, and all images of the last dump are there. Sets
 * m->moved if they run on the other side; else it has reported why not.
 * Either way answers to hook.
 */
void migrate_hand_over(struct migrate *m, int hook);

#endif /* UFFD_WP_CTL_MIGRATE_HANDOVER_H */
