/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_MIGRATE_REPORT_H
#define UFFD_WP_CTL_MIGRATE_REPORT_H

#include "migrate.h"

/* What is printed at the end. status: of the program */
void migrate_report(const struct migrate *m, int status);

#endif /* UFFD_WP_CTL_MIGRATE_REPORT_H */
