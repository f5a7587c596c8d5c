// SPDX-License-Identifier: GPL-2.0
/* As shmem-large, and some of the processes that compare end before they do. */
#define NR_PAGES 8192
#include "shmem-kinds.c"

const char subject_traits[] = "workers=yes fault=139";
