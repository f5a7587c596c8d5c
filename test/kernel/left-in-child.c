// SPDX-License-Identifier: GPL-2.0
/*
 * A child has no userfaultfd, but its copies of protected entries for huge pages of hugetlb keep their bits: they count
 * as protected if it registers them with one of its own.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktest.h"

int main(void)
{
	int uffd = uffd_sync(), status;
	char *m;
	pid_t child;

	if (!(uffd_features() & 1 << 12 /* UFFD_FEATURE_WP_HUGETLBFS_SHMEM */))
		not_applicable("hugetlb can't be protected");
	need_huge_pages(2);
	m = map(HUGE_PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	memset(m, 'a', HUGE_PAGE);
	uffd_register(uffd, m, HUGE_PAGE);
	uffd_protect(uffd, m, HUGE_PAGE);
	if (count_entries(m, HUGE_PAGE, ENTRY_UFFD_WP) == 0)
		error("UFFDIO_WRITEPROTECT has no effect");
	child = fork();
	if (child < 0)
		error("fork");
	if (child == 0)
		_exit(count_entries(m, HUGE_PAGE, ENTRY_UFFD_WP) != 0);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		error("child");
	judge(WEXITSTATUS(status), "the huge page of a child that has no userfaultfd %s as protected",
	      WEXITSTATUS(status) ? "counts" : "does not count");
}
