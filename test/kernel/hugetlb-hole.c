// SPDX-License-Identifier: GPL-2.0
/* PAGEMAP_SCAN with protection over a hole of a hugetlb mapping waits for a lock that it holds itself, for ever. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktest.h"

#define SECONDS 5

static int protect_hole(void)
{
	struct pm_scan_arg arg = { .flags = PM_SCAN_WP_MATCHING, .category_inverted = PAGE_IS_PRESENT,
				   .category_mask = PAGE_IS_PRESENT, .return_mask = PAGE_IS_PRESENT };
	int uffd = uffd_async();
	struct page_region region;
	char *m;

	need_huge_pages(1);
	m = map(HUGE_PAGE, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1);
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
