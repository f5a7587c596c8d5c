// SPDX-License-Identifier: GPL-2.0
/* PAGEMAP_SCAN protects pages that a device writes to, and what it writes after that is never reported. */
#include "ktest.h"
#include "pin.h"

static void protect(int uffd, void *start, size_t length)
{
	(void)uffd;
	scan_written(start, length, true);
}

int main(void)
{
	check_pinned("PAGEMAP_SCAN", protect);
}
