// SPDX-License-Identifier: GPL-2.0
/* Shared memory of each kind through a page server, which has the parent images: hashes are what there is to compare. */
#include "shmem-kinds.c"

const char subject_traits[] = "pageserver=yes args=--shmem-compare,hash";
