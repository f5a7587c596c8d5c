// SPDX-License-Identifier: GPL-2.0
/* Shared memory of each kind in a lazy restore: what nobody has open comes later, the rest at once. */
#include "shmem-kinds.c"

const char subject_traits[] = "lazy=yes lazyshared=1";
