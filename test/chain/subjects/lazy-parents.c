// SPDX-License-Identifier: GPL-2.0
/* As lazy-sparse.c; pages of the parent images are left to the lazy-pages daemon, too. */
#define TRAITS "lazy=parents"
#include "lazy-sparse.c"
