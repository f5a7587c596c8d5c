// SPDX-License-Identifier: GPL-2.0
/*
 * The target tracks a range itself, with a WP_ASYNC userfaultfd of its own. Its
 * own PAGEMAP_SCAN must report exactly what it wrote, so nobody else may protect
 * or unprotect there; the VMA has to be dumped in full each time. (The context
 * is kept open outside the tree, since CRIU cannot dump one. It is gone after
 * the restore.)
 */
#include <unistd.h>

#include "../subject.h"
#include "../uffd.h"
#include "../worker.h"

#define NR_PAGES 256

static struct region *own, *plain;

void subject_setup(void)
{
	unsigned char written[NR_PAGES];
	int uffd = own_uffd(UFFD_FEATURE_WP_ASYNC);

	own = region_map("own", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(own, 0, NR_PAGES);
	plain = region_map("plain", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(plain, 0, NR_PAGES);
	own_register(uffd, own, UFFDIO_REGISTER_MODE_WP);
	own_scan(own, written);
	keep_open_outside(uffd);
	close(uffd);
	expect_full(own->start, region_bytes(own));
}

void subject_step(int n)
{
	(void)n;
	if (!restored)
		own_scan_check(own);
	pages_write_some(own, 0, NR_PAGES, 8);
	pages_write_some(plain, 0, NR_PAGES, 8);
	own_scan_expect(own);
	expect_written(own->start, region_bytes(own));
	expect_full(own->start, region_bytes(own));
	expect_region(plain, 8);
}
