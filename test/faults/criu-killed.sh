#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# CRIU gets SIGKILL at any point of a pre-dump: the target runs on, and what is dumped next on top of the
# last complete images is right. Points are system calls that change something (kill-at.c) - one in nine of
# them, others in each run, or all with STRIDE=1 - and any time between (TRIES of them).

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

stride=${STRIDE:-9}
tries=${TRIES:-12}
modes=(splice read live)
deaths=0
nr_killed=0

# CONTEXT: a complete pre-dump, and something for the next one to do. The context for that is "kept" by the
# keeper, or "new".
prepare()
{
	local keeper_pid

	rm -rf "$dir/good" "$dir/top"
	pre_dump good - || fail "a pre-dump"
	order step
	[ "$1" = new ] || return 0
	keeper_pid=$(keepers)
	kill -KILL "$keeper_pid"
	wait_gone "$keeper_pid"
}

# MODE [VARIABLE...]: starts the pre-dump that is to be killed; sets criu_pid.
start_pre_dump()
{
	local mode=$1

	shift
	mkdir "$dir/top"
	criu_log=$logs/killed.log
	env "$@" "$criu" pre-dump -t "$pid" -D "$dir/top" -o "$criu_log" -v4 -L "$plugins" --mem-tracker uffd-wp \
		--prev-images-dir ../good --pre-dump-mode "$mode" </dev/null >>"$logs/criu.out" 2>&1 &
	criu_pid=$!
}

# A child of criu's may still hold the target.
wait_released()
{
	local end=$((SECONDS + 10 * factor))

	while grep -sq 'TracerPid:[[:space:]]*[1-9]' "/proc/$pid/status"; do
		[ $SECONDS -lt $end ] || fail "somebody still holds the target"
		sleep 0.01
	done
}

# DESCRIPTION: what must hold after a kill.
judge()
{
	wait_released
	nr_killed=$((nr_killed + 1))
	sleep 0.03 # time to die in
	if [ ! -d "/proc/$pid" ]; then
		deaths=$((deaths + 1))
		echo "the target died: $1; $(tail -n 1 "$criu_log" | cut -c1-100)"
		start_subject
		return
	fi

	order check
	[ $((nr_killed % 8)) != 0 ] || dump_on_top
}

# The last dump, on top of what the killed run wrote, or of its parent.
dump_on_top()
{
	local parent=good

	[ ! -e "$dir/top/inventory.img" ] || parent=top
	rm -rf "$dir/last"
	order step
	if ! dump last $parent; then
		[ $parent = top ] || fail "the last dump failed"
		last_dump last good
	fi
	wait_gone "$pid"
	restore_and_check last
}

# CONTEXT MODE: the number of points in $count.
count_points()
{
	prepare "$1"
	start_pre_dump "$2" "LD_PRELOAD=$obj/kill-at.so" "KILL_COUNT=$dir/count"
	wait "$criu_pid" || fail "a pre-dump"
	count=$(cat "$dir/count")
	[ "$count" -gt 100 ] || fail "only $count points"
}

# CONTEXT MODE
kill_at_points()
{
	local n status

	count_points "$@"
	echo "$1 context, mode $2: $count points"
	for ((n = 1 + RANDOM % stride; n <= count; n += stride)); do
		prepare "$1"
		start_pre_dump "$2" "LD_PRELOAD=$obj/kill-at.so" "KILL_AT=$n"
		status=0
		wait "$criu_pid" 2>/dev/null || status=$?
		# Some calls are made or not, depending on the state of the target.
		[ $status = 137 ] || [ $((n * 100)) -gt $((count * 85)) ] || fail "criu was not killed at point $n"
		judge "killed at point $n, $1 context, mode $2"
	done
}

# N: kills after a time that is anywhere in a pre-dump.
kill_at_any_time()
{
	local start=${EPOCHREALTIME/[.,]/} duration i us

	prepare kept
	start=${EPOCHREALTIME/[.,]/}
	start_pre_dump splice
	wait "$criu_pid" || fail "a pre-dump"
	duration=$((${EPOCHREALTIME/[.,]/} - start))

	for ((i = 0; i < $1; i++)); do
		prepare kept
		us=$(((RANDOM * 32768 + RANDOM) % duration))
		start_pre_dump "${modes[i % ${#modes[@]}]}"
		sleep "$(printf '%d.%06d' $((us / 1000000)) $((us % 1000000)))"
		kill -KILL "$criu_pid" 2>/dev/null || true
		wait "$criu_pid" 2>/dev/null || true
		judge "killed after $us us"
	done
}

start_subject
kill_at_points kept splice
kill_at_points new read
kill_at_any_time "$tries"
[ $deaths = 0 ] || fail "the target died $deaths times out of $nr_killed"
