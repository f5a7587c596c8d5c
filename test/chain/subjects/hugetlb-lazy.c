// SPDX-License-Identifier: GPL-2.0
/* Private huge pages in a lazy restore: they are not lazy themselves, wherever in the chain they are. */
#include "hugetlb.c"

const char subject_traits[] = "lazy=yes";
