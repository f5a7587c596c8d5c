// SPDX-License-Identifier: GPL-2.0
/* UFFDIO_WRITEPROTECT in a context with WP_ASYNC does what PAGEMAP_SCAN does, see pinned-scan.c. */
#include "ktest.h"
#include "pin.h"

int main(void)
{
	check_pinned("UFFDIO_WRITEPROTECT", uffd_protect);
}
