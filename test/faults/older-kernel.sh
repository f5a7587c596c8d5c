#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# On a kernel that lacks what a tracker needs, that tracker is refused before anything is touched, with
# the name of what is missing and the first kernel that has it.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# FEATURE MESSAGE: as on a kernel without the feature.
without()
{
	local before

	preload=("LD_PRELOAD=$obj/older-kernel.so" "OLDER_KERNEL=$1")
	before=$(look_at "$pid")
	forget_kernel

	tracker=uffd-wp
	! pre_dump "refused-$1" - || fail "a pre-dump without $1"
	says "can't be tracked by uffd-wp: the kernel lacks $2.*Linux 6\.7"
	untouched "$before"

	! round dump "refused-dump-$1" - --track-mem || fail "a tracked dump without $1"
	says "can't be tracked by uffd-wp: the kernel lacks $2"
	untouched "$before"

	! run_criu check --feature uffd_wp_async -L "$plugins" || fail "criu check finds uffd_wp_async without $1"
	grep -q "$2" "$logs/criu.out" || fail "criu check does not say what is missing"

	# A dump that is not tracked does not care.
	round dump "untracked-$1" - --leave-running || fail "a plain dump fails without $1"

	preload=()
	forget_kernel
}

without_soft_dirty()
{
	local before

	if run_criu check --feature mem_dirty_track -L /var/empty/none; then
		echo "the kernel has soft-dirty: its absence is not tested"
		return
	fi

	before=$(look_at "$pid")
	tracker=soft-dirty
	! pre_dump refused-soft-dirty - || fail "a pre-dump by soft-dirty"
	says "can't be tracked by soft-dirty: .*CONFIG_MEM_SOFT_DIRTY"
	untouched "$before"

	# Nothing is left for auto without the plugin's tracker either.
	tracker=auto
	forget_kernel
	preload=("LD_PRELOAD=$obj/older-kernel.so" "OLDER_KERNEL=pagemap-scan")
	! pre_dump refused-auto - || fail "a pre-dump by nothing"
	says "PAGEMAP_SCAN"
	says "CONFIG_MEM_SOFT_DIRTY"
	says "Tracking memory is not available"
	untouched "$before"
	! run_criu check --feature mem_dirty_track -L "$plugins" || fail "criu check finds mem_dirty_track"
	preload=()
	forget_kernel
}

start_subject
without wp-async UFFD_FEATURE_WP_ASYNC
without pagemap-scan "the PAGEMAP_SCAN ioctl"
without_soft_dirty
[ -z "$(keepers)" ] || fail "a keeper was started"

# The same criu, with everything there.
run_criu check --feature uffd_wp_async -L "$plugins" || fail "criu check does not find uffd_wp_async"
run_criu check --feature mem_dirty_track -L "$plugins" || fail "criu check does not find mem_dirty_track"
for tracker in uffd-wp auto; do
	pre_dump "with-$tracker" - || fail "a pre-dump"
done
runs_on
