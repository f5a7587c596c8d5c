#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The keeper is killed between iterations: the kernel ends the tracking, and the next dump is a full one.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

kill_keeper()
{
	local pids keeper_pid

	pids=$(keepers)
	[ "$(wc -w <<<"$pids")" = 1 ] || fail "not one keeper: $pids"
	keeper_pid=$pids
	kill -KILL "$keeper_pid"
	wait_gone "$keeper_pid"
}

start_subject
pre_dump 1 - || fail "pre-dump 1"
order step
kill_keeper
order step

# The next pre-dump starts another one, and the chain goes on from there.
pre_dump 2 1 || fail "pre-dump 2, without the keeper of the first"
is_full 2
order step
pre_dump 3 2 || fail "pre-dump 3"
is_incremental 3
order step

# Before the last dump: nobody to ask.
kill_keeper
last_dump 4 3
is_full 4
[ -z "$(keepers)" ] || fail "the last dump started a keeper"
restore_and_check 4

# Killed and started again for another task: the new keeper knows nothing about this one.
pre_dump 5 - || fail "pre-dump 5"
order step
kill_keeper
first_pid=$pid first_work=$work first_steps=$steps
start_subject
pre_dump 6 - || fail "pre-dump 6"
kill_subject
pid=$first_pid work=$first_work steps=$first_steps
last_dump 7 5
is_full 7
restore_and_check 7
