// SPDX-License-Identifier: GPL-2.0
/* A write to an empty, protected entry of a context that gets no messages takes two page faults. */
#include <sys/mman.h>
#include <sys/resource.h>

#include "ktest.h"

#define PAGES 512

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

int main(void)
{
	int uffd = uffd_async();
	volatile char *m = map(PAGES * PAGE, MAP_SHARED | MAP_ANONYMOUS, -1);
	long before, n;

	uffd_register(uffd, (void *)m, PAGES * PAGE);
	uffd_protect(uffd, (void *)m, PAGES * PAGE);
	before = faults();
	for (int i = 0; i < PAGES; i++)
		m[i * PAGE] = 1;
	n = faults() - before;
	if (scan_written((void *)m, PAGES * PAGE, false) != PAGES)
		defect("written pages are not reported");
	/* Some are those of the stack and the like. */
	judge(n > PAGES + PAGES / 4, "%ld page faults for writes to %d pages", n, PAGES);
}
