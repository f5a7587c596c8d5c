#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A task with more memory than its cgroup may use: reclaim swaps pages out and back in all the time, clean and
# written ones, in the task's hands and in CRIU's.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/../../faults/lib.sh"

group=/sys/fs/cgroup/pressure
swap=$logs/swap

swap_on()
{
	fallocate -l 256M "$swap"
	chmod 600 "$swap"
	mkswap "$swap" >/dev/null
	swapon "$swap"
}

clean_up()
{
	[ "$pid" = 0 ] || kill -KILL "$pid" 2>/dev/null || true
	echo max >$group/memory.max
	swapoff "$swap"
	rm -f "$swap"
}

# Memory belongs to the group in which it was touched first, wherever the task goes.
start_in_group()
{
	mkdir $group
	echo 24M >$group/memory.max
	echo $BASHPID >$group/cgroup.procs
	start_subject
	echo $BASHPID >/sys/fs/cgroup/cgroup.procs
	echo "$pid" >/sys/fs/cgroup/cgroup.procs
}

# Most of the 64 MiB are swapped out.
is_swapped()
{
	local kib

	kib=$(awk '$1 == "VmSwap:" { print $2 }' "/proc/$pid/status")
	echo "swapped out: $kib KiB"
	[ "$kib" -gt 32768 ] || fail "$kib KiB are swapped out, of 65536"
}

mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
[ -e /sys/fs/cgroup/cgroup.controllers ] || skip "no cgroup2"
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
swap_on
trap clean_up EXIT
start_in_group

is_swapped
# Splice mode keeps all that it dumps in memory, which is more than the group has.
pre_dump 1 - --pre-dump-mode read || fail "the first pre-dump"
is_full 1
order step
is_swapped
pre_dump 2 1 || fail "the second pre-dump"
is_incremental 2
order step
order check
is_swapped
pre_dump 3 2 --pre-dump-mode read || fail "the third pre-dump"
is_incremental 3
order step
is_swapped
last_dump 4 3
is_incremental 4
restore_and_check 4
runs_on
