// SPDX-License-Identifier: GPL-2.0
/*
 * What the plugin does with each region that a scan reports (add_region() in
 * snapshot.c), without the kernel: its instructions are counted by
 * test/bench/quick.
 *
 * usage: quick-policy REGIONS apart|joined
 *
 *	apart	dirty and clean regions in turns: each one becomes a run
 *	joined	all dirty: one run
 */
#include <errno.h>
#include <error.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "runs.h"
#include "uapi.h"

#define PAGE 4096

/* Counted from its call to its return. */
__attribute__((noinline)) int classify(struct run_list *list, const struct page_region *regions, size_t nr)
{
	const struct vma_facts facts = { .ours_before = true, .parent_valid = true };
	size_t i;

	for (i = 0; i < nr; i++) {
		bool dirty = page_is_dirty(&facts, regions[i].categories);
		int ret = run_list_add(list, regions[i].start, regions[i].end, dirty ? CR_MEM_RUN_DIRTY : 0);

		if (ret)
			return ret;
	}
	return 0;
}

int main(int argc, char **argv)
{
	size_t nr = argc == 3 ? strtoull(argv[1], NULL, 10) : 0, i, expected;
	struct run_list list = { .page_size = PAGE };
	struct page_region *regions;
	bool apart;

	if (!nr)
		error(2, 0, "usage: %s REGIONS apart|joined", argv[0]);
	apart = !strcmp(argv[2], "apart");
	regions = calloc(nr, sizeof(*regions));
	if (!regions)
		error(1, errno, "calloc");
	for (i = 0; i < nr; i++) {
		regions[i].start = (i + 1) * PAGE;
		regions[i].end = regions[i].start + PAGE;
		regions[i].categories = PAGE_IS_PRESENT | (apart && i % 2 ? 0 : PAGE_IS_WRITTEN);
	}
	expected = apart ? nr : 1;
	if (classify(&list, regions, nr) || list.nr != expected)
		error(1, 0, "%zu runs, not %zu", list.nr, expected);
	run_list_free(&list);
	free(regions);
	return 0;
}
