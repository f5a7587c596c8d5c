// SPDX-License-Identifier: GPL-2.0
/* The kernel does not say whether it reports what devices write, see pinned-scan.c. */
#include "ktest.h"

int main(void)
{
	bool told = uffd_features() & UFFD_FEATURE_WP_ASYNC_PINNED;

	uffd_async();
	judge(!told, "UFFD_FEATURE_WP_ASYNC_PINNED is %s", told ? "there" : "not there");
}
