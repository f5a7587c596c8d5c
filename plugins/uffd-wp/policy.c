// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
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

bool kernel_reports_pinned(uint64_t features, const char *release)
{
	unsigned int major, minor;

	if (!(features & UFFD_FEATURE_WP_ASYNC_PINNED) || sscanf(release, "%u.%u", &major, &minor) != 2)
		return false;
	/* What direct_io_pins() says was looked up in 6.12, 6.18 and 7.3; 6.1 takes references that are not pins. */
	return major > 6 || (major == 6 && minor >= 12);
}

bool direct_io_pins(const char *fstype, bool block_device)
{
	/*
	 * Block devices, and files whose blocks are read by iomap_dio_rw(): bio_iov_iter_get_pages() pins until the bio
	 * has ended. Not NFS, FUSE, Ceph and 9p, which take plain references, nor overlays, which may be on top of these.
	 */
	static const char *const files[] = { "ext4", "xfs", "btrfs" };
	static const char *const devices[] = { "devtmpfs", "tmpfs" };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(fstype, files[i]))
			return true;

	for (i = 0; block_device && i < sizeof(devices) / sizeof(*devices); i++)
		if (!strcmp(fstype, devices[i]))
			return true;

	return false;
}
