# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# A target with shared memory, shared.py; sourced after lib.sh.

answer=$dir/answer

# WORD: what shared.py has to say.
wait_answer()
{
	local end=$((SECONDS + command_seconds))

	until [ -e "$answer" ]; do
		[ -d "/proc/$pid" ] || fail "the target died"
		[ $SECONDS -lt $end ] || fail "the target does not answer"
		sleep 0.01
	done
	[[ $(cat "$answer") = "$1"* ]] || fail "the target says $(cat "$answer"), not $1"
	rm "$answer"
}

# [PAGES]
start_target()
{
	# A leader of a session that has no other descriptors
	setsid /usr/bin/python3 -B "$here/shared.py" "$answer" "$@" </dev/null >/dev/null 2>&1 &
	pid=$!
	disown
	wait_answer ready
}

change()
{
	kill -USR1 "$pid"
	wait_answer changed
}

restored()
{
	restore 1 || fail "the restore failed"
	kill -USR2 "$pid"
	wait_answer right
	kill -KILL "$pid"
	wait_gone "$pid"
}
