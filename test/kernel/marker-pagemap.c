// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/pagemap shows markers of empty entries as swapped pages. There is nothing in swap. */
#include <sys/mman.h>

#include "ktest.h"

#define PAGES 64

int main(void)
{
	char *m = map(PAGES * PAGE, MAP_SHARED | MAP_ANONYMOUS, -1);
	int uffd = uffd_sync();
	long swapped;

	uffd_register(uffd, m, PAGES * PAGE);
	uffd_protect(uffd, m, PAGES * PAGE);
	if (count_entries(m, PAGES * PAGE, ENTRY_UFFD_WP) != PAGES)
		not_applicable("no protection of empty entries of shared memory");
	swapped = count_entries(m, PAGES * PAGE, ENTRY_SWAPPED);
	judge(swapped, "%ld of %d empty, protected entries look swapped", swapped, PAGES);
}
