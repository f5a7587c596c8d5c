/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EMPTY_H
#define EMPTY_H

#include <stdbool.h>

/*
 * What it takes to arm write protection of a mapping of 10 GiB with nothing in it, of each kind: prints time and
 * page tables (VmPTE). The scan of the tracker, for populated pages only, must not allocate any; that the others do
 * shows that it would be seen. With UFFD_FEATURE_WP_NO_POPULATE (no_populate) none may; what comes into the mapping
 * later must count as written all the same. defect() if that is not so. Files are made in the working directory.
 */
void check_empty(bool no_populate);

#endif /* EMPTY_H */
