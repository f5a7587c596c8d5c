// SPDX-License-Identifier: GPL-2.0
/* Which pages may be left to the parent images: in doubt, none. */
#include "policy.h"
#include "uapi.h"
#include "unit.h"

static void parent_must_be_the_committed_run(void **state)
{
	(void)state;
	assert_true(parent_is_valid("run-1", "run-1"));
	assert_false(parent_is_valid("run-2", "run-1"));
	assert_false(parent_is_valid("run-1", "run-11"));
	assert_false(parent_is_valid("run-11", "run-1"));
}

static void nothing_committed_is_no_parent(void **state)
{
	(void)state;
	assert_false(parent_is_valid("", "run-1"));
	assert_false(parent_is_valid("run-1", NULL));
	assert_false(parent_is_valid("", NULL));
	/* Images of a CRIU that does not write run ids. */
	assert_false(parent_is_valid("", ""));
}

/* The whole table: one combination of what is known may be left out of the image, and its variants. */
static void pages(void **state)
{
	static const uint64_t kinds[] = { PAGE_IS_PRESENT, PAGE_IS_SWAPPED, PAGE_IS_PRESENT | PAGE_IS_WRITTEN,
					  PAGE_IS_SWAPPED | PAGE_IS_WRITTEN };
	unsigned int bits, i;

	(void)state;
	for (bits = 0; bits < 4; bits++) {
		const struct vma_facts vma = { .ours_before = bits & 1, .parent_valid = bits & 2 };

		for (i = 0; i < 4; i++) {
			bool clean = vma.ours_before && vma.parent_valid && !(kinds[i] & PAGE_IS_WRITTEN);

			assert_int_equal(page_is_dirty(&vma, kinds[i]), !clean);
		}
	}
}

static void other_categories_do_not_matter(void **state)
{
	const struct vma_facts vma = { .ours_before = true, .parent_valid = true };

	(void)state;
	assert_false(page_is_dirty(&vma, PAGE_IS_PRESENT | PAGE_IS_HUGE | PAGE_IS_WPALLOWED));
	assert_true(page_is_dirty(&vma, PAGE_IS_PRESENT | PAGE_IS_HUGE | PAGE_IS_WRITTEN));
}

/* The whole table: only what may be unchanged is looked at, and only what is not our protection is taken as it is. */
static void huge_pages(void **state)
{
	const struct vma_facts ours = { .ours_before = true, .parent_valid = true };
	const struct vma_facts no_parent = { .ours_before = true };
	const struct vma_facts strange = { .parent_valid = true };
	const uint64_t present = PAGE_IS_PRESENT, marker = PAGE_IS_SWAPPED, written = PAGE_IS_WRITTEN;

	(void)state;
	assert_int_equal(huge_page_state(&ours, present), HUGE_CLEAN_UNLESS_ZERO);
	assert_int_equal(huge_page_state(&ours, marker), HUGE_UNKNOWN);
	assert_int_equal(huge_page_state(&ours, present | written), HUGE_DIRTY);
	assert_int_equal(huge_page_state(&ours, marker | written), HUGE_DIRTY);
	assert_int_equal(huge_page_state(&no_parent, present), HUGE_DIRTY);
	assert_int_equal(huge_page_state(&no_parent, marker), HUGE_UNKNOWN);
	assert_int_equal(huge_page_state(&strange, present), HUGE_DIRTY);
	assert_int_equal(huge_page_state(&strange, marker), HUGE_DIRTY);
	assert_int_equal(huge_page_state(&strange, present | written), HUGE_DIRTY);
}

static void scans_cut_no_huge_page(void **state)
{
	const uint64_t chunk = 64ULL << 20;

	(void)state;
	assert_int_equal(huge_scan_piece(2ULL << 20, 4096, chunk), chunk);
	/* The kernel passes by all but the last of these. */
	assert_int_equal(huge_scan_piece(1ULL << 30, 4096, chunk), 1ULL << 30);
	assert_int_equal(huge_scan_piece(32ULL << 20, 4096, chunk), 32ULL << 20);
	assert_int_equal(huge_scan_piece(64ULL << 10, 4096, chunk), 64ULL << 10);
	assert_int_equal(huge_scan_piece(1ULL << 20, 4096, chunk), 1ULL << 20);
	/* 16 and 64 KiB pages */
	assert_int_equal(huge_scan_piece(32ULL << 20, 16384, chunk), chunk);
	assert_int_equal(huge_scan_piece(512ULL << 20, 65536, chunk), 512ULL << 20);
}

/* The bit says that pinned pages are reported, the version that direct I/O pins. */
static void pins_are_reported_with_both(void **state)
{
	const uint64_t others = ~(uint64_t)UFFD_FEATURE_WP_ASYNC_PINNED;

	(void)state;
	assert_true(kernel_reports_pinned(UFFD_FEATURE_WP_ASYNC_PINNED, "6.12.107"));
	assert_true(kernel_reports_pinned(UINT64_MAX, "7.3.4+deb13-amd64"));
	assert_true(kernel_reports_pinned(UINT64_MAX, "10.0"));
	assert_false(kernel_reports_pinned(others, "6.12.107"));
	assert_false(kernel_reports_pinned(UINT64_MAX, "6.1.176"));
	assert_false(kernel_reports_pinned(UINT64_MAX, "6.11.99"));
	assert_false(kernel_reports_pinned(UINT64_MAX, "5.19.0"));
	assert_false(kernel_reports_pinned(UINT64_MAX, "6"));
	assert_false(kernel_reports_pinned(UINT64_MAX, ""));
}

static void only_known_file_systems_pin(void **state)
{
	static const char *const unknown[] = { "nfs", "nfs4", "fuse", "fuseblk", "ceph", "9p", "overlay", "ext", "ext4x", "" };
	size_t i;

	(void)state;
	assert_true(direct_io_pins("ext4", false));
	assert_true(direct_io_pins("xfs", false));
	assert_true(direct_io_pins("btrfs", false));
	assert_true(direct_io_pins("ext4", true));
	/* Where nodes of devices are. */
	assert_true(direct_io_pins("devtmpfs", true));
	assert_false(direct_io_pins("devtmpfs", false));
	for (i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		assert_false(direct_io_pins(unknown[i], true));
		assert_false(direct_io_pins(unknown[i], false));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parent_must_be_the_committed_run),
		cmocka_unit_test(nothing_committed_is_no_parent),
		cmocka_unit_test(pages),
		cmocka_unit_test(other_categories_do_not_matter),
		cmocka_unit_test(huge_pages),
		cmocka_unit_test(scans_cut_no_huge_page),
		cmocka_unit_test(pins_are_reported_with_both),
		cmocka_unit_test(only_known_file_systems_pin),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
