// SPDX-License-Identifier: GPL-2.0
/* A scan that protects populated pages only, as the tracker's, allocates no page tables, without any patch. */
#include "empty.h"
#include "ktest.h"

int main(void)
{
	check_empty(false);
	fixed("scans for populated pages allocate nothing");
}
