#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A live pre-dump registers new mappings, and fails before it has scanned them: what they had of write protection
# (see subject.c) must not make pages look clean in the next one, on top of the parent that the failed one had.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

live=(--pre-dump-mode live)

start_subject
pre_dump whole - "${live[@]}" || fail "a pre-dump"
touch "$work/away"
order step
pre_dump halves whole "${live[@]}" || fail "a pre-dump of two halves"
is_incremental_or_half()
{
	read_statistics "$1"
	[ "$left" -gt 0 ] || fail "nothing of $1 was left to the parent, this test would show nothing"
}
is_incremental_or_half halves
touch "$work/back"
order step

mkdir -p "$dir/failed/pagemap-$pid.img" # in the way of the file
! pre_dump failed halves "${live[@]}" || fail "a pre-dump that cannot write its images"
grep -q 'new mappings to register' "$criu_log" ||
	fail "the failed pre-dump did not register anything, this test would show nothing"
runs_on

pre_dump next halves "${live[@]}" || fail "a pre-dump after one that failed"
is_full next
order step
pre_dump last next "${live[@]}" || fail "one more pre-dump"
is_incremental last
order step
last_dump final last
restore_and_check final
