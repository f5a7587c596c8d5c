// SPDX-License-Identifier: GPL-2.0
/*
 * A range that is moved next to one of the same userfaultfd merges with it and takes its context away; the other one's
 * pages keep their bits, with which they read as not written for ever once the range is registered again.
 */
#include <string.h>
#include <sys/mman.h>

#include "ktest.h"

#define PAGES 64
#define HALF (PAGES / 2 * PAGE)

/* The number of pages reported after all were written; *registered: whether the half that did not move stayed so. */
static long move_there_and_back(int uffd, char *m, bool *registered)
{
	char *away = map(HALF, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	memset(m, 'a', PAGES * PAGE);
	uffd_register(uffd, m, PAGES * PAGE);
	scan_written(m, PAGES * PAGE, true);
	if (mremap(m + HALF, HALF, HALF, MREMAP_MAYMOVE | MREMAP_FIXED, away) != away)
		error("mremap");
	uffd_register(uffd, away, HALF);
	if (mremap(away, HALF, HALF, MREMAP_MAYMOVE | MREMAP_FIXED, m + HALF) != m + HALF)
		error("mremap");
	*registered = count_pages(m, HALF, PAGE_IS_WPALLOWED) == PAGES / 2;
	memset(m, 'b', PAGES * PAGE);
	uffd_register(uffd, m, PAGES * PAGE);
	return scan_written(m, PAGES * PAGE, false);
}

int main(void)
{
	int uffd = uffd_async();
	bool private_stays, shared_stays;
	long private = move_there_and_back(uffd, map(PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1), &private_stays);
	long shared = move_there_and_back(uffd, map(PAGES * PAGE, MAP_SHARED | MAP_ANONYMOUS, -1), &shared_stays);

	judge(private != PAGES || shared != PAGES || !private_stays || !shared_stays,
	      "of %d pages written %ld are reported, of shared ones %ld; the half that did not move %s registered, of shared "
	      "memory %s", PAGES, private, shared, private_stays ? "stayed" : "was no longer",
	      shared_stays ? "stayed" : "was no longer");
}
