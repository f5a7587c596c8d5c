// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that mremap() moves out of a userfaultfd keep their bits, and count as protected when their new place is
 * registered, although they can be written to, and were.
 */
#include <string.h>
#include <sys/mman.h>

#include "ktest.h"

#define PAGES 64
#define LENGTH (PAGES * PAGE)

int main(void)
{
	char *m = map(LENGTH, MAP_PRIVATE | MAP_ANONYMOUS, -1), *to = map(LENGTH, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int uffd = uffd_sync();
	long left;

	memset(m, 'a', LENGTH);
	uffd_register(uffd, m, LENGTH);
	uffd_protect(uffd, m, LENGTH);
	if (count_entries(m, LENGTH, ENTRY_UFFD_WP) != PAGES)
		error("UFFDIO_WRITEPROTECT has no effect");
	if (mremap(m, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		error("mremap");
	memset(to, 'b', LENGTH);
	uffd_register(uffd, to, LENGTH);
	left = count_entries(to, LENGTH, ENTRY_UFFD_WP);
	judge(left, "of %d pages written %ld count as protected where mremap() moved them", PAGES, left);
}
