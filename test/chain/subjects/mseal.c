// SPDX-License-Identifier: GPL-2.0
/*
 * A sealed mapping (mseal, Linux 6.10) refuses munmap, mremap and mprotect:
 * tracking has to work without any of them, or leave it alone. (CRIU does not
 * restore the seal.)
 */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../subject.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#define NR_PAGES 256

static struct region *area;

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	if (syscall(SYS_mseal, area->start, region_bytes(area), 0)) {
		if (errno == ENOSYS)
			skip("the kernel has no mseal (6.10)");
		fail("mseal: %m");
	}
}

void subject_step(int n)
{
	(void)n;
	pages_write_some(area, 0, NR_PAGES, 8);
	expect_at_most(area->start, region_bytes(area), 8);
}
