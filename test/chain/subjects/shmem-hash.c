// SPDX-License-Identifier: GPL-2.0
/* Shared memory of each kind, compared by the hashes of its pages. */
#include "shmem-kinds.c"

const char subject_traits[] = "args=--shmem-compare,hash";
