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
	if (!vma->ours_before || !vma->parent_valid)
		return true;

	if (categories & PAGE_IS_WRITTEN)
		return true;

	/*
	 * In a file mapping, "swapped out and not written" may be a uffd-wp marker: what the kernel
	 * leaves where a protected private page was dropped (MADV_DONTNEED, truncate). The content is
	 * the file's again, not that of the parent images. Pages that really are swapped out pay for
	 * it by being dumped again.
	 */
	if (vma->file && (categories & PAGE_IS_SWAPPED))
		return true;

	/*
	 * A write to such a marker faults twice: the first fault makes a private copy of the file's page,
	 * write-protected as the marker said, the second one counts as the write (do_cow_fault(),
	 * set_pte_range(), Linux 6.7 to 6.18). A task that is stopped between them has a page which is
	 * not written and not that of the parent images. The next dump finds it written; after the last
	 * one there is no next.
	 */
	if (vma->file && vma->last)
		return true;

	return false;
}
