#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory with tags (arm64, PROT_MTE): tracking it takes no tags away, its content is in the images, and the log says
# that the tags are not. CRIU as it is upstream loses them, too, and says nothing.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/../../faults/lib.sh"

report=$dir/report

# SIGNAL: what the task says of its memory after it.
ask()
{
	local end=$((SECONDS + command_seconds))

	rm -f "$report"
	kill -"$1" "$pid"
	until [ -e "$report" ]; do
		[ -d "/proc/$pid" ] || fail "the task died"
		[ $SECONDS -lt $end ] || fail "the task does not answer"
		sleep 0.01
	done
	cat "$report"
}

# SIGNAL TEXT
expect()
{
	local found

	found=$(ask "$1") || fail "after $1: $found"
	[ "$found" = "$2" ] || fail "memory has \"$found\", not \"$2\""
}

grep -qw mte /proc/cpuinfo || skip "no MTE"
setsid "$obj/mte" "$report" </dev/null >/dev/null 2>&1 &
pid=$!
disown

until [ -e "$report" ]; do
	[ -d "/proc/$pid" ] || fail "the task does not start"
	sleep 0.01
done
all="content 64 tags 64 of 64 checked 1"
expect USR2 "$all"
pre_dump 1 - || fail "the first pre-dump"
expect USR1 "$all"
pre_dump 2 1 --pre-dump-mode live || fail "the second pre-dump"
expect USR1 "$all"
round dump 3 2 --track-mem "${verify[@]}" || fail "the dump"
says "Memory tags (PROT_MTE) are not dumped"
wait_gone "$pid"
read_statistics 3
[ "$left" -ge 62 ] || fail "only $left pages are left to the parent images"

restore 3 || fail "the restore"
expect USR2 "content 64 tags 0 of 64 checked 0"
expect USR1 "content 64 tags 0 of 64 checked 0"
