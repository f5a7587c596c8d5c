#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A kernel that goes on reporting pinned pages (kernel-patches): a task with a file open for direct I/O is scanned while
# it runs, but only where that I/O is known to pin memory.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

make -s -C "$top/test/kernel" "O=$top/build/obj/test-kernel" >&2
"$top/build/obj/test-kernel/pinned-feature" >"$logs/pinned-feature" 2>&1 ||
	skip "the kernel does not tell that it reports pinned pages"
fstype=$(findmnt -n -o FSTYPE -T "$logs" | tail -n 1)
[[ $fstype =~ ^(ext4|xfs|btrfs)$ ]] || skip "$logs is on $fstype"

# FILE: the subject has this one open.
opens()
{
	ln -s "$1" "$work/direct"
	order step
}

# LEVEL PARENT
live_pre_dump()
{
	pre_dump "$1" "$2" --pre-dump-mode live || fail "pre-dump $1"
	"$usr/bin/crit" show "$dir/$1/stats-dump" >"$dir/stats" || fail "crit cannot show the statistics of $1"
	stopped=$(sed -n 's/.*"frozen_time": \([0-9]*\).*/\1/p' "$dir/stats")
}

runs()
{
	live_pre_dump "$@"
	! grep -q 'open for direct I/O' "$criu_log" || fail "$1: the task was to be stopped"
	[ "$stopped" = 0 ] || fail "$1: the task was stopped for $stopped us"
	is_incremental "$1"
}

stops()
{
	live_pre_dump "$@"
	says 'a file open for direct I/O: it is stopped'
	[ "$stopped" != 0 ] || fail "$1: the task was not stopped"
	is_incremental "$1"
}

file=$logs/file
dd if=/dev/zero of="$file" bs=64K count=1 status=none
start_subject
live_pre_dump 0 -
opens "$file"
if [ "$(printf '6.12\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.12 ]; then
	runs 1 0
	# Copied by the processor, but not in the list.
	cp "$file" "$dir/file"
	opens "$dir/file"
	stops 2 1
	level=2
	if [ -b /dev/vda ]; then
		opens /dev/vda
		runs 3 2
		level=3
	fi
	opens "$file"
	runs last-live "$level"
else
	# Linux 6.1 takes plain references for some direct I/O: the plugin does not rely on pins.
	stops last-live 0
fi
last_dump last last-live
is_incremental last
restore_and_check last
kill_subject
