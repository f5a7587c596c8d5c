// SPDX-License-Identifier: GPL-2.0
/* Shared memory of each kind, enough of it to be compared by several processes. */
#define NR_PAGES 8192
#include "shmem-kinds.c"

const char subject_traits[] = "workers=yes";
