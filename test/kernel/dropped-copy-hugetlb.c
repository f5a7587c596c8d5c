// SPDX-License-Identifier: GPL-2.0
/* The same as dropped-copy.c for a private mapping of hugetlb pages: the content is zeroes after it was dropped. */
#include <string.h>
#include <sys/mman.h>

#include "ktest.h"

int main(void)
{
	int uffd = uffd_async();
	long protected;
	char *m;

	need_huge_pages(1);
	m = map(HUGE_PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	memset(m, 'p', HUGE_PAGE);
	uffd_register(uffd, m, HUGE_PAGE);
	scan_written(m, HUGE_PAGE, true);
	if (scan_written(m, HUGE_PAGE, false) != 0)
		error("the page is written right after it was protected");
	madvise(m, HUGE_PAGE, MADV_DONTNEED);
	/* What a read brings is protected if, and only if, the entry was. */
	if (*(volatile char *)m != 0)
		error("the dropped page is still there");
	protected = HUGE_PAGE / PAGE - scan_written(m, HUGE_PAGE, false);
	judge(protected != 0, "the zeroes in place of a dropped huge page %s reported as changed",
	      protected ? "are not" : "are");
}
