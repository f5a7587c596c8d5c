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
