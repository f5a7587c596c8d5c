#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A last dump, which would have killed the task, fails: the task runs on, and the dump can be tried again
# on top of the same parent images, still leaving pages to them.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# KIBIBYTES: a disk of that size.
fails_with()
{
	mkdir "$dir/small"
	mount -t tmpfs -o "size=$1k" faults "$dir/small"
	! dump small 1 || fail "a dump that fits into $1 KiB"
	umount "$dir/small"
	rmdir "$dir/small"
	runs_on
}

start_subject
pre_dump 1 - || fail "a pre-dump"
order step
fails_with 16
fails_with 256
fails_with 700
last_dump 2 1
is_incremental 2
restore_and_check 2
