# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # some variables are for those who source this
#
# What the scripts here share; each sources it first. A script then runs as pid 1 of a pid namespace
# of its own, with an empty /run, so that keeper and kernel probes are its own and nothing it starts
# outlives it. Exit status: 0 pass, 1 fail, 77 skip, with the reason on stdout.
#
# SEED makes a run repeat the same writes and delays. USR is where the staged product is, LIMIT a time limit in seconds.

set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
name=$(basename "$0" .sh)
usr=${USR:-$top/build/root/usr}
criu=$usr/sbin/criu
plugins=$usr/lib/criu
keeper=$usr/libexec/criu/uffd-wp-keeper
socket=/run/criu/uffd-wp-keeper.sock
obj=$top/build/obj/test-faults
logs=$top/build/test/faults/$name
dir=/run/faults # images and whatever else a script makes; gone when it ends
# Of a machine that is slower than most: what time limits are multiplied by.
factor=$(printf '%.0f' "${TEST_TIME_FACTOR:-1}")
limit=${LIMIT:-$((120 * factor))} # seconds
criu_seconds=$((30 * factor))
command_seconds=$((20 * factor))

fail()
{
	echo "fail: $*"
	[ -z "${criu_log:-}" ] || { echo "--- end of $criu_log"; tail -n 25 "$criu_log" 2>/dev/null || true; }
	exit 1
}

skip()
{
	echo "skip: $*"
	exit 77
}

if [ "${FAULTS_INSIDE:-}" != "$name" ]; then
	make -s -C "$here" "O=$obj" >&2
	# Descriptors that the caller leaked would be in the way of the dumps.
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
	done
	FAULTS_INSIDE=$name exec unshare --pid --fork --kill-child --mount --mount-proc "$0" </dev/null
fi

[ $$ = 1 ] || fail "not pid 1 of a pid namespace"
trap 'echo "fail: ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"' ERR
trap 'exit 1' INT TERM
(
	trap - ERR
	sleep "$limit"
	echo "fail: no end after $limit s"
	kill -TERM 1
	kill -KILL -1 # everything else in the namespace
) &

mount -t tmpfs -o mode=755 faults /run
seed=${SEED:-$((RANDOM * 32768 + RANDOM + 1))}
RANDOM=$((seed % 32768))
echo "seed $seed"
rm -rf "$logs"
mkdir -p "$logs" "$dir"

# The subject (subject.c, or what $subject is set to). Functions below act on the task $pid, which works in $work.

subject=subject
pid=0
work=
steps=0
nr_subjects=0

# PID: the pid that it gets; "any" if left out.
start_subject()
{
	set -- "${1:-any}"
	nr_subjects=$((nr_subjects + 1))
	work=$dir/work-$nr_subjects
	steps=0
	mkdir "$work"
	[ "$1" = any ] || echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
	# CRIU wants the leader of a session.
	setsid "$obj/$subject" "$work" $((seed + nr_subjects)) track </dev/null >/dev/null 2>&1 &
	pid=$!
	disown # no message when it is killed
	wait_ack setup
}

wait_ack()
{
	local end=$((SECONDS + command_seconds))

	until [ -e "$work/ack" ]; do
		[ -d "/proc/$pid" ] || fail "the subject died in $1"
		[ $SECONDS -lt $end ] || fail "the subject does not answer to $1, its state is $(state_of "$pid")"
		sleep 0.01
	done
	verdict=$(cat "$work/ack")
	[[ $verdict = ok* ]] || fail "$1: $verdict"
}

# order step: rewrites pages; order check: the subject compares its memory with what it wrote.
order()
{
	[ "$1" != step ] || steps=$((steps + 1))
	rm -f "$work/ack"
	echo "$1 $steps" >"$work/cmd"
	kill -USR1 "$pid"
	wait_ack "$1 $steps"
}

state_of()
{
	sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null || echo gone
}

# The target runs on after whatever CRIU did to it, with its memory intact.
runs_on()
{
	order check
	order step
	order check
}

wait_gone()
{
	local end=$((SECONDS + 10 * factor))

	while [ -d "/proc/$1" ]; do
		[ $SECONDS -lt $end ] || fail "pid $1 is still there"
		sleep 0.01
	done
}

# With several subjects: NAME=$(this_task) keeps which one pid, work and steps stand for, "task $NAME" goes back.
this_task()
{
	echo "$pid $work $steps"
}

task()
{
	pid=$1 work=$2 steps=$3
}

kill_subject()
{
	kill -KILL "$pid"
	wait_gone "$pid"
}

# PID: what must not change in a target that CRIU refuses to touch.
look_at()
{
	# It goes back to sleep some time after it acknowledged.
	until [ "$(state_of "$1")" = S ]; do
		sleep 0.01
	done
	find "/proc/$1/fd" -type l -printf '%f %l\n' | sort -n
	cat "/proc/$1/maps"
	grep -v -e ctxt_switches -e ^SigQ -e ^VmRSS -e ^Rss -e ^VmHWM -e ^VmPTE "/proc/$1/status"
}

untouched()
{
	look_at "$pid" | diff <(echo "$1") - || fail "the target is not as it was"
	! grep -q 'Seized task' "$criu_log" || fail "the target was stopped"
}

# CRIU. Images of LEVEL are in $dir/LEVEL, PARENT is another level or "-".

preload=()     # environment of criu
tracker=uffd-wp
verify=(--mem-tracker-verify)
criu_log=

run_criu()
{
	env "${preload[@]}" timeout -k 5 "$criu_seconds" "$criu" "$@" </dev/null >>"$logs/criu.out" 2>&1
}

# ACTION LEVEL PARENT ARGUMENT...
round()
{
	local action=$1 level=$2 parent=$3

	shift 3
	mkdir -p "$dir/$level"
	criu_log=$logs/$action-$level.log
	[ "$parent" = - ] || set -- --prev-images-dir "../$parent" "$@"
	run_criu "$action" -t "$pid" -D "$dir/$level" -o "$criu_log" -v4 -L "$plugins" --mem-tracker "$tracker" "$@"
}

# LEVEL PARENT ARGUMENT...
pre_dump()
{
	round pre-dump "$@"
}

# LEVEL PARENT ARGUMENT...: keeps what memory must hold, for restore_and_check.
dump()
{
	cp "$work/model.$pid" "$dir/model-$1"
	echo "$steps" >"$dir/steps-$1"
	round dump "$1" "$2" --track-mem "${verify[@]}" "${@:3}"
}

# As dump, of a task that is expected to be killed by it.
last_dump()
{
	dump "$@" || fail "the dump failed"
	wait_gone "$pid"
}

restore()
{
	criu_log=$logs/restore-$1.log
	run_criu restore -d -D "$dir/$1" -o "$criu_log" -v4
}

# What the memory had to hold at the dump of that level.
put_model_back()
{
	cp "$dir/model-$1" "$work/model.$pid"
	steps=$(cat "$dir/steps-$1")
}

restore_and_check()
{
	restore "$1" || fail "the restore of $1 failed"
	put_model_back "$1"
	order check
}

# LEVEL: sets $written and $left, the pages in this image and those left to the parent images.
read_statistics()
{
	"$usr/bin/crit" show "$dir/$1/stats-dump" >"$dir/stats" || fail "crit cannot show the statistics of $1"
	written=$(sed -n 's/.*"pages_written": \([0-9]*\).*/\1/p' "$dir/stats")
	left=$(sed -n 's/.*"pages_skipped_parent": \([0-9]*\).*/\1/p' "$dir/stats")
	[ -n "$written" ] || fail "no pages_written in the statistics of $1"
	[ -n "$left" ] || fail "no pages_skipped_parent in the statistics of $1"
}

# Nothing was left to parent images.
is_full()
{
	read_statistics "$1"
	[ "$left" = 0 ] || fail "$1 is not a full dump: $left pages are left to the parent"
}

# Most was left to parent images: the subject rewrites 1 page in 100 in a step.
is_incremental()
{
	read_statistics "$1"
	[ "$left" -gt $((written * 4)) ] || fail "$1 is not incremental: $written pages, $left left to the parent"
}

# The log of the last criu has a line like this.
says()
{
	grep -q -e "$1" "$criu_log" || fail "the log does not say \"$1\""
}

# Prints the pids of keepers, one a line.
keepers()
{
	local exe

	for exe in /proc/[0-9]*/exe; do
		case $(readlink "$exe" 2>/dev/null || true) in
		*/uffd-wp-keeper) exe=${exe%/exe} && echo "${exe#/proc/}" ;;
		esac
	done
}

# Forgets what CRIU found out about the kernel.
forget_kernel()
{
	rm -f /run/criu.kdat
}
