// SPDX-License-Identifier: GPL-2.0
/* PAGEMAP_SCAN with protection over a hole of a hugetlb mapping waits for a lock that it holds itself, for ever. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktest.h"

#define SECONDS 5
#define GIGABYTE (1UL << 30)

/* One huge page of hugetlb, in a gigabyte of addresses where nothing else is: it has no page table then, of no level. */
static void *map_alone(void)
{
	char *room = mmap(NULL, 2 * GIGABYTE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *alone = (char *)(((uintptr_t)room + GIGABYTE - 1) & -GIGABYTE);

	if (room == MAP_FAILED)
		error("mmap");
	if (mmap(alone, HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1,
		 0) == MAP_FAILED)
		error("mmap of a huge page");
	return alone;
}

static int protect_hole(void)
{
	struct pm_scan_arg arg = { .flags = PM_SCAN_WP_MATCHING, .category_inverted = PAGE_IS_PRESENT,
				   .category_mask = PAGE_IS_PRESENT, .return_mask = PAGE_IS_PRESENT };
	int uffd = uffd_async();
	struct page_region region;
	char *m;

	need_huge_pages(1);
	m = map_alone();
	uffd_register(uffd, m, HUGE_PAGE);
	scan(&arg, m, HUGE_PAGE, &region, 1);
	return FIXED;
}

int main(void)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		error("fork");
	if (child == 0)
		_exit(protect_hole());
	for (int i = 0; i < SECONDS * 10; i++) {
		if (waitpid(child, &status, WNOHANG) == child) {
			if (!WIFEXITED(status) || WEXITSTATUS(status) != FIXED)
				return WIFEXITED(status) ? WEXITSTATUS(status) : ERROR;
			fixed("a scan that protects a hole of hugetlb returns");
		}
		usleep(100000);
	}
	/* Not even SIGKILL ends it. */
	defect("a scan that protects a hole of hugetlb does not return");
}
