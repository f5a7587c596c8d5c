// SPDX-License-Identifier: GPL-2.0
/* Pages of 1 GiB are neither reported nor protected by a scan that protects. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ktest.h"

#define GIGANTIC (1UL << 30)
#define COUNT_FILE "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages"

int main(void)
{
	int uffd = uffd_async(), fd = open(COUNT_FILE, O_WRONLY);
	long first, second;
	char *m;

	if (fd < 0 || write(fd, "1", 1) != 1)
		not_applicable("no pages of 1 GiB");
	m = mmap(NULL, GIGANTIC, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 30 << 26, -1, 0);
	if (m == MAP_FAILED)
		not_applicable("no page of 1 GiB free");
	*(volatile char *)m = 1;
	uffd_register(uffd, m, GIGANTIC);
	first = scan_written(m, GIGANTIC, true);
	second = scan_written(m, GIGANTIC, true);
	munmap(m, GIGANTIC);
	if (write(fd, "0", 1) != 1)
		error(COUNT_FILE);
	judge(first != (long)(GIGANTIC / PAGE) || second != 0,
	      "of a page of 1 GiB that was written, a scan reports %ld of %ld small ones, the next one %ld", first,
	      GIGANTIC / PAGE, second);
}
