// SPDX-License-Identifier: GPL-2.0
/* As shmem-kinds-lazy.c; pages of the parent images are left to the lazy-pages daemon, too. */
#include "shmem-kinds.c"

const char subject_traits[] = "lazy=parents lazyshared=1";
