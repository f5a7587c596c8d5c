#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A kernel that makes userfaultfds by pidfd and registers exact mappings (kernel-patches): the first live pre-dump puts
# no parasite into the task, and does not stop it. Without the device, or for dumps that need a parasite anyway, all
# goes as ever.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

[ -c /dev/userfaultfd ] || skip "no /dev/userfaultfd"
make -s -C "$top/test/kernel" "O=$top/build/obj/test-kernel" >&2
"$top/build/obj/test-kernel/uffd-pidfd" >"$logs/uffd-pidfd" 2>&1 || {
	grep -q 'lacks USERFAULTFD_IOC_NEW_PIDFD' "$logs/uffd-pidfd" ||
		fail "uffd-pidfd: $(tail -n 1 "$logs/uffd-pidfd")"
	skip "the kernel makes no userfaultfd by pidfd"
}

# NAME: a live pre-dump of a new subject, as level NAME-0; sets $calls of ptrace(2) and $stopped, in us.
first_live_pre_dump()
{
	start_subject
	preload=("LD_PRELOAD=$obj/count-ptrace.so" "PTRACE_COUNT=$dir/count" "PTRACE_PID=$pid")
	pre_dump "$1-0" - --pre-dump-mode live || fail "the first pre-dump, $1"
	preload=()
	calls=$(cat "$dir/count")
	"$usr/bin/crit" show "$dir/$1-0/stats-dump" >"$dir/stats" || fail "crit cannot show the statistics of $1-0"
	stopped=$(sed -n 's/.*"frozen_time": \([0-9]*\).*/\1/p' "$dir/stats")
	echo "$1: $calls calls of ptrace, stopped for $stopped us"
}

infected()
{
	grep -q 'Putting parasite blob' "$criu_log"
}

# NAME: the rest of the chain
finish()
{
	local level

	for level in 1 2 3; do
		order step
		pre_dump "$1-$level" "$1-$((level - 1))" --pre-dump-mode live || fail "$1, iteration $level"
		is_incremental "$1-$level"
		! infected || fail "$1, iteration $level: a parasite"
	done
	order step
	last_dump "$1" "$1-3"
	is_incremental "$1"
	restore_and_check "$1"
	kill_subject
}

first_live_pre_dump pidfd
says 'got a context by pidfd'
says 'registered its memory while it runs'
! infected || fail "the first pre-dump put a parasite into the task"
[ "$calls" = 0 ] || fail "the first pre-dump: $calls calls of ptrace"
[ "$stopped" = 0 ] || fail "the first pre-dump stopped the task for $stopped us"
finish pidfd

# A first pre-dump that infects the task has a context by pidfd as well.
start_subject
pre_dump frozen-0 - || fail "the first pre-dump, frozen"
says 'got a context by pidfd'
order step
last_dump frozen frozen-0
is_incremental frozen
restore_and_check frozen
kill_subject

mount --bind /dev/null /dev/userfaultfd
first_live_pre_dump parasite
infected || fail "no parasite, and no device: this test would show nothing"
((calls && stopped)) || fail "a parasite without a stop: this test would show nothing"
finish parasite
