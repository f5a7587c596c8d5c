# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # some variables are for those who source this
#
# Lazy restores, in place of lib.sh: begin restores level $level while criu lazy-pages ($lazy) brings the pages.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

level=3
first="read" ending=
at=20 # of 163 pages in the last level, and each of them is one run
lazy=0 server=0
restore_options=()
port=12345
to=(--page-server --address 127.0.0.1 --port "$port")

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
	start server page-server --lazy-pages --address 127.0.0.1 --port "$port"
	wait_for "the page server does not listen" is_listening
}

is_listening()
{
	grep -q ":$(printf %04X "$port") 00000000:0000 0A" /proc/net/tcp /proc/net/tcp6 # any peer, LISTEN
}

end_server()
{
	kill -KILL "$server" 2>/dev/null || true
	wait "$server" || true
}

# begin ARGUMENT...: starts the daemon, restores, and has the task look at all its pages, or do what else $first says,
# with the word $ending.
begin()
{
	rm -f "$dir/$level/lazy-pages.socket"
	start lazy lazy-pages "$@"
	wait_for "the daemon does not listen" test -S "$dir/$level/lazy-pages.socket"
	lazy_log=$criu_log
	criu_log=$logs/$nr-restore.log
	restored=yes
	# The task may be killed before criu lets it go.
	run_criu restore -d --lazy-pages "${restore_options[@]}" -D "$dir/$level" -o "$criu_log" -v4 || restored=no
	put_model_back "$level"
	rm -f "$work/ack"
	# The check itself reads by pread(), which fails where a page is missing.
	echo "$ending" >"$work/$first"
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

nobody_is_called()
{
	! grep -l -s -x -e "$1" /proc/[0-9]*/comm >/dev/null
}

# All of its processes, and nothing that they saw was wrong.
is_killed()
{
	wait_for "the task is not killed" nobody_is_called "$subject"
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
	[ "$restored" = yes ] || fail "the restore failed"
	wait_ack "check $steps"
	wait "$lazy" || fail "the daemon failed"
	wait_for "the watcher is still there" nobody_is_called criu-lazy-watch
	kill_subject
}
