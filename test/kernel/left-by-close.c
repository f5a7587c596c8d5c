// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that were protected by a userfaultfd that is closed keep their bits, and count as protected in the next one,
 * although they can be written to, and were.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ktest.h"

#define PAGES 64

int main(void)
{
	char *m = map(PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int uffd = uffd_sync();
	long left;

	memset(m, 'a', PAGES * PAGE);
	uffd_register(uffd, m, PAGES * PAGE);
	uffd_protect(uffd, m, PAGES * PAGE);
	if (count_entries(m, PAGES * PAGE, ENTRY_UFFD_WP) != PAGES)
		error("UFFDIO_WRITEPROTECT has no effect");
	close(uffd);
	memset(m, 'b', PAGES * PAGE);
	uffd_register(uffd_sync(), m, PAGES * PAGE);
	left = count_entries(m, PAGES * PAGE, ENTRY_UFFD_WP);
	judge(left, "of %d pages written %ld count as protected, by a userfaultfd that was closed before", PAGES, left);
}
