#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lazy restore of a chain when pages stop coming: the lazy-pages daemon or the page server ends, or hangs. No task
# ever sees anything but its pages: it gets them, is killed, or waits.

# shellcheck source=test/faults/lazy-lib.sh
. "$(dirname "$0")/lazy-lib.sh"

guards_were_looked_at()
{
	has_answered || [ -e "$work/still-guarded" ]
}

start_subject
pre_dump 1 - || fail "pre-dump 1"
order step
pre_dump 2 1 || fail "pre-dump 2"
order step
last_dump 3 2

# Nothing happens. A child is there before the pages are.
begin
all_is_well
first=fork
begin
all_is_well

# The daemon is killed, while the task has a child; and without one it is killed, or crashes.
at_call ioctl "$at" KILL
begin
daemon_fails
is_killed
first="read"
for signal in KILL SEGV; do
	at_call ioctl "$at" "$signal"
	begin
	daemon_fails
	is_killed
done

# The daemon is killed before it knows of any task.
at_call accept 1 KILL
begin
daemon_fails
[ "$restored" = no ] || fail "the restore did not fail"
wait_for "there is a task" nobody_is_called subject
! has_answered || fail "the task went on: $(cat "$work/ack")"
wait_for "the watcher is still there" nobody_is_called criu-lazy-watch

# It is killed when it has been told that the tasks are about to go on: they don't.
at_call send 1 KILL
begin
daemon_fails
[ "$restored" = no ] || fail "the restore did not fail"
grep -q "daemon does not answer" "$logs/$nr-restore.log" || fail "the restore did not wait for an answer"
is_killed

# The task is not to be killed: it waits, and the kernel does not let it go on with zeros.
at_call ioctl "$at" KILL
begin --lazy-timeout 0
daemon_fails
sleep 2
! has_answered || fail "the task went on: $(cat "$work/ack")"
[[ $(state_of "$pid") = [SD] ]] || fail "the task is $(state_of "$pid")"
kill_subject
wait_for "the watcher is still there" nobody_is_called criu-lazy-watch

# The daemon is stopped for a while.
at_call ioctl "$at" STOP
begin
wait_for "the daemon is not stopped" is_stopped "$lazy"
kill -CONT "$lazy"
all_is_well

# Meanwhile the task guards pages that are missing: they stay guarded.
if "$criu" check --feature pagemap_scan_guard_pages >/dev/null 2>&1; then
	first=guard
	preload=("LD_PRELOAD=$obj/lazy-at.so" LAZY_MS=30)
	begin
	wait_for "there are no guards" test -e "$work/guarded"
	wait "$lazy" || fail "the daemon failed"
	says "guards at"
	touch "$work/go"
	wait_for "the task does not look for its guards" guards_were_looked_at
	! has_answered || fail "$(cat "$work/ack")"
	kill_subject
	first="read"
else
	echo "this kernel does not tell guard regions: not tested with these"
fi

# The page server: without trouble, killed, and killed with a task that is not to be.
start_server
begin "${to[@]}"
all_is_well
end_server
for option in "" "--lazy-timeout 0"; do
	at_call tee "$at" KILL
	start_server
	# shellcheck disable=SC2086 # none or two words
	begin "${to[@]}" $option
	daemon_fails
	if [ "$option" ]; then
		sleep 1
		! has_answered || fail "the task went on: $(cat "$work/ack")"
		kill_subject
		wait_for "the watcher is still there" nobody_is_called criu-lazy-watch
	else
		is_killed
	fi
	end_server
done

# It hangs for longer than the task may wait; and with no limit for that, or for a shorter time.
at_call tee "$at" STOP
start_server
begin "${to[@]}" --lazy-timeout 1
daemon_fails
says "No page has come for 1 seconds"
is_killed
end_server
for option in "" "--lazy-timeout 20"; do
	at_call tee "$at" STOP
	start_server
	# shellcheck disable=SC2086 # none or two words
	begin "${to[@]}" $option
	wait_for "the server is not stopped" is_stopped "$server"
	sleep 2
	! has_answered || fail "the task went on: $(cat "$work/ack")"
	kill -CONT "$server"
	all_is_well
	end_server
done

# A task protects, moves, drops, unmaps and forks what has not come yet, of a dump that has all pages; with a page
# server while they are on their way.
start_subject
last_dump 4 -
level=4 first=churn
begin
all_is_well
preload=("LD_PRELOAD=$obj/lazy-at.so" LAZY_MS=1)
start_server
begin "${to[@]}"
all_is_well
end_server
