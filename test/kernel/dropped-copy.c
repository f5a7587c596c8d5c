// SPDX-License-Identifier: GPL-2.0
/* Private copies that were protected and dropped read as not written, though their content is the file's now. */
#include <string.h>
#include <sys/mman.h>

#include "ktest.h"

#define PAGES 64

int main(void)
{
	int uffd = uffd_async();
	char *m = map(PAGES * PAGE, MAP_PRIVATE, temporary_file(PAGES * PAGE));
	long written;

	memset(m, 'p', PAGES * PAGE);
	uffd_register(uffd, m, PAGES * PAGE);
	scan_written(m, PAGES * PAGE, true);
	if (scan_written(m, PAGES * PAGE, false) != 0)
		error("pages are written right after they were protected");
	madvise(m, PAGES * PAGE, MADV_DONTNEED);
	written = count_pages(m, PAGES * PAGE, PAGE_IS_WRITTEN);
	if (written < PAGES)
		for (int i = 0; i < PAGES; i++)
			if (*(volatile char *)(m + i * PAGE) != 'f')
				error("a dropped page is still there");
	judge(written != PAGES, "%ld of %d dropped pages are reported as changed", written, PAGES);
}
