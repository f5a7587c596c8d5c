#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A live pre-dump of a task with nothing new: nobody stops or traces it.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

nr_iterations=10

# LEVEL PARENT: sets $nr_calls of ptrace(2) for it by criu and its children, $tracers who was seen to trace the target
# meanwhile, and $stopped, the microseconds for which it was; $listed are those that the statistics have for each task.
live_pre_dump()
{
	local sampler

	rm -f "$dir/count" "$dir/tracers"
	while true; do
		sed -n 's/^TracerPid:\s*\([1-9].*\)/\1/p' "/proc/$pid/status" >>"$dir/tracers"
	done &
	sampler=$!
	preload=("LD_PRELOAD=$obj/count-ptrace.so" "PTRACE_COUNT=$dir/count" "PTRACE_PID=$pid")
	pre_dump "$1" "$2" --pre-dump-mode live || fail "a live pre-dump"
	preload=()
	kill "$sampler"
	wait "$sampler" || true

	nr_calls=$(cat "$dir/count")
	tracers=$(sort -u "$dir/tracers")
	"$usr/bin/crit" show "$dir/$1/stats-dump" >"$dir/stats" || fail "crit cannot show the statistics of $1"
	stopped=$(sed -n 's/.*"frozen_time": \([0-9]*\).*/\1/p' "$dir/stats")
	listed=$(/usr/bin/python3 -c 'import json, sys; stats = json.load(sys.stdin)["entries"][0]["dump"]
print(*(" ".join(map(str, t.values())) for t in stats.get("tasks_stopped", [])), sep="\n")' <"$dir/stats")
}

# A kernel that makes userfaultfds by pidfd would not need to stop it in the first one either, see live-pidfd.sh.
[ ! -c /dev/userfaultfd ] || mount --bind /dev/null /dev/userfaultfd

start_subject
live_pre_dump 0 -
echo "first: $nr_calls calls of ptrace, traced by '$tracers', stopped for $stopped us, by task: $listed"
((nr_calls && stopped)) || fail "the first pre-dump did not stop the target: this test would show nothing"
read -r listed_pid listed_time <<<"$listed"
[ "$listed_pid" = "$pid" ] || fail "the statistics list '$listed', not task $pid"
((listed_time > 0 && listed_time >= stopped)) || fail "the target was stopped for $stopped us, listed are $listed_time"

for ((i = 1; i <= nr_iterations; i++)); do
	order step
	live_pre_dump "$i" $((i - 1))
	is_incremental "$i"
	[ "$nr_calls" = 0 ] || fail "iteration $i: $nr_calls calls of ptrace"
	[ -z "$tracers" ] || fail "iteration $i: the target was traced by $tracers"
	[ -z "$listed" ] || fail "iteration $i: the statistics list stopped tasks: $listed"
	[ "$stopped" = 0 ] || fail "iteration $i: the target was stopped for $stopped us"
done

order step
last_dump final "$nr_iterations"
restore_and_check final
