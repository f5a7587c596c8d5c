#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A kernel before 6.7, a real one: the tracker uffd-wp is refused before anything is touched, with the name of what is
# missing, and auto takes soft-dirty.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/../../faults/lib.sh"

says_what_is_missing()
{
	says "can't be tracked by uffd-wp: the kernel lacks UFFD_FEATURE_WP_ASYNC.*Linux 6\.7"
}

used_soft_dirty()
{
	"$usr/bin/crit" show "$dir/$1/stats-dump" | grep -q '"name": "soft-dirty"' || fail "$1 was not tracked by soft-dirty"
}

start_subject
before=$(look_at "$pid")

! pre_dump refused - || fail "a pre-dump by uffd-wp"
says_what_is_missing
untouched "$before"
! round dump refused-dump - --track-mem || fail "a dump tracked by uffd-wp"
says_what_is_missing
untouched "$before"
! run_criu check --feature uffd_wp_async -L "$plugins" || fail "criu check finds uffd_wp_async"
[ -z "$(keepers)" ] || fail "a keeper was started"

tracker=auto
run_criu check --feature mem_dirty_track -L "$plugins" || fail "criu check does not find mem_dirty_track"
pre_dump 1 - || fail "the first pre-dump"
is_full 1
order step
pre_dump 2 1 || fail "the second pre-dump"
is_incremental 2
order step
last_dump 3 2
is_incremental 3
for level in 1 2 3; do
	used_soft_dirty $level
done
[ -z "$(keepers)" ] || fail "a keeper was started"
restore_and_check 3
runs_on
