// SPDX-License-Identifier: GPL-2.0
/*
 * Locked memory, populated at once and on fault: mlock breaks copy-on-write and
 * faults pages in for writing at moments of its own; MLOCK_ONFAULT holes must
 * stay holes.
 */
#include "../subject.h"

#define NR_PAGES 256

static struct region *locked, *onfault;

void subject_setup(void)
{
	locked = region_map("locked", NR_PAGES, PROT_READ | PROT_WRITE, MAP_LOCKED);
	pages_write_some(locked, 0, NR_PAGES, NR_PAGES / 2);
	onfault = region_map("on fault", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	must(mlock2(onfault->start, region_bytes(onfault), MLOCK_ONFAULT) == 0);
	pages_write(onfault, 0, NR_PAGES / 2);
}

void subject_step(int n)
{
	pages_write_some(locked, 0, NR_PAGES, 8);
	pages_write_some(onfault, 0, NR_PAGES / 2, 8);
	page_write(onfault, NR_PAGES - n);
	expect_at_most(onfault->start, region_bytes(onfault), 9);
	if (n == 2) {
		must(munlock(locked->start, region_bytes(locked)) == 0);
		must(mlock(locked->start, region_bytes(locked) / 2) == 0);
	} else {
		/* (mlock itself faults every page in for writing.) */
		expect_at_most(locked->start, region_bytes(locked), 8);
	}
}
