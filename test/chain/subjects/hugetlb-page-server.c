// SPDX-License-Identifier: GPL-2.0
/* Private huge pages through a page server, which has the parent images. */
#include "hugetlb.c"

const char subject_traits[] = "pageserver=yes";
