#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Shared memory in lazy restores, of a chain and of a dump without parents: whatever tasks that share it do while pages
# are missing, they find their pages, and zeros only where they removed some. If pages can't come they are killed.

# shellcheck source=test/faults/lazy-lib.sh
. "$(dirname "$0")/lazy-lib.sh"

limit=$((300 * factor))
subject=shared-subject first=share

restore_says()
{
	grep -q -e "$1" "$logs/$nr-restore.log" || fail "the log of the restore does not say \"$1\""
}

# Which objects come later, and why the others don't.
says_which()
{
	[ "$(grep -c 'Shared memory 0x.* (/dev/zero) comes later' "$logs/$nr-restore.log")" = 3 ] ||
		fail "not all shared anonymous memory comes later"
	restore_says "(closed) comes later"
	restore_says "(open) comes at once: it is open"
	restore_says "(queued) comes at once: it is open"
	restore_says "(private) comes at once: it has a private mapping"
	restore_says "(read-only) comes at once: it has a mapping that can't be made writable"
	restore_says "(locked) comes at once: it has a locked mapping"
	restore_says "(sealed) comes at once: it is sealed"
}

# Every page that was left out came from the daemon, once.
all_came()
{
	local left came

	left=$(sed -n 's/.*Shmem 0x.*: \([0-9]*\) pages are left to the lazy-pages daemon/\1/p' "$logs/$nr-restore.log" |
		paste -s -d +)
	came=$(sed -n 's/.* \([0-9]*\) of [0-9]* pages of shared memory 0x.* are to come/\1/p' "$lazy_log" | paste -s -d +)
	[ $((left)) -gt 0 ] || fail "no page of shared memory was left to the daemon"
	[ $((left)) = $((came)) ] || fail "$left pages were left to the daemon, it knows of $came"
}

# shared ENDING ARGUMENT...: a restore, in which tasks do things to shared memory, ENDING last.
shared()
{
	ending=$1
	preload=("LD_PRELOAD=$obj/lazy-at.so" "LAZY_MS=$ms")
	begin "${@:2}"
	[ $restored = yes ] || fail "the restore failed"
	wait_ack "check $steps"
	wait "$lazy" || fail "the daemon failed"
	says 'page faults: complete'
	says_which
	all_came
	if [ "$ending" = nothing ]; then
		! grep -q "$all_pages" "$lazy_log" || fail "all pages were waited for"
	else
		says "$all_pages"
	fi
	order check
	kill_subject
	echo "$ending: $(sed -n 's/.*, \([0-9]* page faults\): complete/\1/p' "$lazy_log"), level $level"
}
all_pages='Somebody waits until all [1-9][0-9]* pages are there'

# The tasks may not be able to notice that the first of them has gone.
kill_all()
{
	local comm

	for comm in /proc/[0-9]*/comm; do
		[ "$(cat "$comm" 2>/dev/null)" = "$subject" ] || continue
		comm=${comm%/comm}
		kill -KILL "${comm#/proc/}"
	done
	wait_for "the tasks are still there" nobody_is_called "$subject"
}

# task_of LEVEL: what is to be restored next.
task_of()
{
	level=$1
	# shellcheck disable=SC2086 # three words
	task ${tasks[level]}
}

start_subject
pre_dump 1 - || fail "pre-dump 1"
order step
pre_dump 2 1 --pre-dump-mode live || fail "pre-dump 2"
order step
last_dump 3 2
restore_and_check 3
kill_subject
tasks[3]=$(this_task)

start_subject
order step
last_dump 4 -
tasks[4]=$(this_task)

task_of 3
ms=1
for end in nothing remove thread copy keep grow child vfork; do
	shared "$end"
done

# There are longer runs of pages in a dump without parents, and so less of them.
task_of 4
ms=5
for end in nothing remove copy; do
	shared "$end" --lazy-timeout 10
done

# Private memory comes from a page server. Shared memory does not.
ms=1
start_server
shared nothing "${to[@]}"
end_server

# All pages of the chain are left to the daemon.
task_of 3
ms=1 restore_options=(--lazy-parents)
shared nothing
shared copy
restore_options=()

# The daemon is killed when some pages have come, and before any has; the tasks may be meant to wait.
ending=nothing
for at in 100 1; do
	task_of 3
	at_call ioctl "$at" KILL
	begin
	daemon_fails
	is_killed
done
task_of 3
at_call ioctl 100 KILL
begin --lazy-timeout 0
daemon_fails
sleep 2
! has_answered || fail "the task went on: $(cat "$work/ack")"
kill_all
wait_for "the watcher is still there" nobody_is_called criu-lazy-watch

# Somebody makes a page that is to come, without a mapping that waits for it.
task_of 4
at_call ioctl 100 STOP
begin
wait_for "the daemon is not stopped" is_stopped "$lazy"
ballast=$(sed -n 's,\([^ ]*\) .*/memfd:/dev/zero.*,\1,p' "/proc/$pid/maps" | head -n 1)
dd if=/dev/zero of="/proc/$pid/map_files/$ballast" bs="$(getconf PAGE_SIZE)" count=1 seek=8189 conv=notrunc status=none
kill -CONT "$lazy"
daemon_fails
says 'Page 8189 of shared memory 0x.* was made by somebody who did not wait for it'
is_killed
