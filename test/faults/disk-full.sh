#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The disk for the images is full, at any file of the images: an error, the target runs on, and the next
# dump is a full one.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# LEVEL OPTION: the images of this level go to a small file system.
small_disk()
{
	mkdir -p "$dir/$1"
	mount -t tmpfs -o "$2" faults "$dir/$1"
}

remove_disk()
{
	umount "$dir/$1"
	rmdir "$dir/$1"
}

# A chain of one level, and something to dump on top of it.
new_chain()
{
	rm -rf "$dir/base" "$dir/top"
	pre_dump base - || fail "a pre-dump"
	order step
}

# OPTION FIRST INCREMENT: pre-dumps to ever larger disks, until one fits.
sweep()
{
	local n failed=0

	for ((n = $2; ; n += $3)); do
		new_chain
		small_disk small "$1=$n"
		! pre_dump small base || break
		remove_disk small
		failed=$((failed + 1))
		[ $failed -lt 60 ] || fail "a pre-dump does not even fit with $1=$n"
		runs_on

		# Whatever pages the failed run protected, nothing may be left to the parent now.
		pre_dump top base || fail "a pre-dump after one that failed with $1=$n"
		is_full top
	done
	remove_disk small
	echo "$1: $failed pre-dumps failed, one fits with $1=$n"
	[ $failed -gt 2 ] || fail "the disk was not full often enough"
}

start_subject
small_disk small size=8m
! pre_dump small - || fail "a pre-dump of 64 MiB in 8 MiB"
remove_disk small
runs_on

sweep size $((64 << 10)) $((128 << 10))
sweep nr_inodes 2 1

# Full for the pages only: the inventory of the failed run is complete. Nothing may be left to that run.
new_chain
mkdir "$dir/failed"
ln -s /dev/full "$dir/failed/pages-1.img"
! pre_dump failed base || fail "a pre-dump to a disk that is full"
runs_on
[ -s "$dir/failed/inventory.img" ] || fail "the failed pre-dump left no inventory"
pre_dump top failed || fail "a pre-dump on top of one that failed"
is_full top

# The last dump, after a pre-dump that failed.
new_chain
small_disk small size=64k
! pre_dump small base || fail "a pre-dump in 64 KiB"
remove_disk small
order step
last_dump full base
is_full full
restore_and_check full
