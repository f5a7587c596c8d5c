#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Lazy restore of a chain when pages stop coming: the lazy-pages daemon or the page server ends, or hangs. No task
# ever sees anything but its pages: it gets them, is killed, or waits.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

level=3
first="read"
at=20 # of 163 pages in the last level, and each of them is one run
lazy=0 server=0

# at_call NAME NUMBER SIGNAL: environment of a criu that gets it, see lazy-at.c.
at_call()
{
	preload=("LD_PRELOAD=$obj/lazy-at.so" "LAZY_CALL=$1" "LAZY_AT=$2" "LAZY_SIGNAL=$(kill -l "$3")")
}

# start NAME WHAT ARGUMENT...: a criu in the background; sets NAME to its pid.
start()
{
	local name=$1 what=$2

	shift 2
	criu_log=$logs/$((++nr))-$what.log
	env "${preload[@]}" "$criu" "$what" -D "$dir/$level" -o "$criu_log" -v4 "$@" </dev/null >>"$logs/criu.out" 2>&1 &
	printf -v "$name" '%s' $!
	preload=()
}
nr=0

# wait_for WHAT CONDITION...
wait_for()
{
	local end=$((SECONDS + 10 * factor)) what=$1

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || fail "$what"
		sleep 0.01
	done
}

start_server()
{
	start server page-server --lazy-pages --address 127.0.0.1 --port 12345
	wait_for "the page server does not listen" is_listening
}

is_listening()
{
	grep -q ':3039 00000000:0000 0A' /proc/net/tcp # 12345, any peer, LISTEN
}

# begin ARGUMENT...: starts the daemon, restores, and has the task look at all its pages, or do what else $first says.
begin()
{
	rm -f "$dir/$level/lazy-pages.socket"
	start lazy lazy-pages "$@"
	wait_for "the daemon does not listen" test -S "$dir/$level/lazy-pages.socket"
	lazy_log=$criu_log
	criu_log=$logs/$nr-restore.log
	restored=yes
	# The task may be killed before criu lets it go.
	run_criu restore -d --lazy-pages -D "$dir/$level" -o "$criu_log" -v4 || restored=no
	put_model_back "$level"
	rm -f "$work/ack"
	# The check itself reads by pread(), which fails where a page is missing.
	touch "$work/$first"
	echo "check $steps" >"$work/cmd"
	kill -USR1 "$pid" 2>/dev/null || true # it may be gone already
	criu_log=$lazy_log
}

is_stopped()
{
	[ "$(state_of "$1")" = T ]
}

has_answered()
{
	[ -e "$work/ack" ]
}

guards_were_looked_at()
{
	has_answered || [ -e "$work/still-guarded" ]
}

nobody_is_called()
{
	! grep -l -s -x -e "$1" /proc/[0-9]*/comm >/dev/null
}

# All of its processes, and nothing that they saw was wrong.
is_killed()
{
	wait_for "the task is not killed" nobody_is_called subject
	# It might have crashed, for want of its pages.
	says "Killed [1-9][0-9]* tasks"
	! has_answered || fail "the task went on: $(cat "$work/ack")"
	wait_for "the watcher is still there" nobody_is_called criu-lazy-watch
}

daemon_fails()
{
	! wait "$lazy" || fail "the daemon did not fail"
}

all_is_well()
{
	[ $restored = yes ] || fail "the restore failed"
	wait_ack "check $steps"
	wait "$lazy" || fail "the daemon failed"
	wait_for "the watcher is still there" nobody_is_called criu-lazy-watch
	kill_subject
}

end_server()
{
	kill -KILL "$server" 2>/dev/null || true
	wait "$server" || true
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
begin --page-server --address 127.0.0.1 --port 12345
all_is_well
end_server
for option in "" "--lazy-timeout 0"; do
	at_call tee "$at" KILL
	start_server
	# shellcheck disable=SC2086 # none or two words
	begin --page-server --address 127.0.0.1 --port 12345 $option
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
begin --page-server --address 127.0.0.1 --port 12345 --lazy-timeout 1
daemon_fails
says "No page has come for 1 seconds"
is_killed
end_server
for option in "" "--lazy-timeout 20"; do
	at_call tee "$at" STOP
	start_server
	# shellcheck disable=SC2086 # none or two words
	begin --page-server --address 127.0.0.1 --port 12345 $option
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
begin --page-server --address 127.0.0.1 --port 12345
all_is_well
end_server
