// SPDX-License-Identifier: GPL-2.0
/* As shmem-large, by the hashes of its pages. */
#define NR_PAGES 8192
#include "shmem-kinds.c"

const char subject_traits[] = "workers=yes args=--shmem-compare,hash";
