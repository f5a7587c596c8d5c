// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "policy.h"
#include "uapi.h"

bool parent_is_valid(const char *epoch, const char *parent_run_id)
{
	return parent_run_id && *parent_run_id && !strcmp(epoch, parent_run_id);
}

bool page_is_dirty(const struct vma_facts *vma, uint64_t categories)
{
	return !vma->ours_before || !vma->parent_valid || categories & PAGE_IS_WRITTEN;
}

enum huge_state huge_page_state(const struct vma_facts *vma, uint64_t categories)
{
	/* What is not ours has no protection of ours. */
	if (!vma->ours_before || categories & PAGE_IS_WRITTEN)
		return HUGE_DIRTY;
	if (!(categories & PAGE_IS_PRESENT))
		return HUGE_UNKNOWN;

	return vma->parent_valid ? HUGE_CLEAN_UNLESS_ZERO : HUGE_DIRTY;
}

uint64_t huge_scan_piece(uint64_t huge_size, uint64_t page_size, uint64_t chunk)
{
	/* Entries of 8 bytes: what the kernel calls HPAGE_SIZE where it matters here (x86-64, arm64, riscv64). */
	uint64_t table = page_size / 8 * page_size;

	return huge_size == table && chunk > huge_size ? chunk : huge_size;
}
