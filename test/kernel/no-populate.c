// SPDX-License-Identifier: GPL-2.0
/* To protect what is empty populates page tables with markers, whoever asks for it, and however empty it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "empty.h"
#include "uffd-of.h"

#define NR_HUGE 4

static int uffd_with(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	MUST(fd >= 0);
	if (!ioctl(fd, UFFDIO_API, &api))
		return fd;
	close(fd);
	return -errno;
}

static void check_synchronous(void)
{
	int fd = uffd_with(UFFD_FEATURE_WP_NO_POPULATE);

	CHECK(fd == -EINVAL, "without WP_ASYNC: %d", fd);
	fd = uffd_with(UFFD_FEATURE_WP_NO_POPULATE | UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	CHECK(fd == -EINVAL, "for messages: %d", fd);
}

static long huge_written(char *p)
{
	return count_pages(p, NR_HUGE * HUGE_PAGE, PAGE_IS_WRITTEN | PAGE_IS_PRESENT);
}

/* Markers of hugetlb pages are not seen in VmPTE, but in a page that is protected as soon as it is there. */
static void check_hugetlb(void)
{
	const long pages = HUGE_PAGE / PAGE;
	volatile char *p;
	long nr;
	int fd;

	need_huge_pages(NR_HUGE);
	fd = uffd_with(UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_NO_POPULATE);
	MUST(fd >= 0);
	p = map(NR_HUGE * HUGE_PAGE, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	uffd_register(fd, (char *)p, NR_HUGE * HUGE_PAGE);
	uffd_protect(fd, (char *)p, NR_HUGE * HUGE_PAGE);
	(void)p[0];
	p[HUGE_PAGE] = 1;
	nr = huge_written((char *)p);
	CHECK(nr == 2 * pages, "hugetlb: %ld pages are written after 2 huge ones came in", nr);

	uffd_protect(fd, (char *)p, NR_HUGE * HUGE_PAGE);
	nr = huge_written((char *)p);
	CHECK(nr == 0, "hugetlb: %ld pages are written after they were protected", nr);
	p[HUGE_PAGE] = 2;
	p[2 * HUGE_PAGE] = 2;
	nr = huge_written((char *)p);
	CHECK(nr == 2 * pages, "hugetlb: %ld pages are written after 2 huge ones were", nr);
	munmap((char *)p, NR_HUGE * HUGE_PAGE);
	close(fd);
	printf("hugetlb: written unless protected\n");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!(uffd_features() & UFFD_FEATURE_WP_NO_POPULATE))
		defect("UFFD_FEATURE_WP_NO_POPULATE is not there");
	check_synchronous();
	check_empty(true);
	check_hugetlb();
	fixed("nothing is allocated for what is empty");
}
