#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two chains of images of the same task, in turns: each round of one makes the next of the other a full one,
# and each chain restores to what the task had at its last dump.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# CHAIN ROUND: pre-dumps, on top of the round before.
next()
{
	local parent=-

	[ "$2" = 0 ] || parent=$1$(($2 - 1))
	pre_dump "$1$2" "$parent" --pre-dump-mode "$3" || fail "pre-dump $1$2"
	is_full "$1$2"
	order step
}

start_subject
for round in 0 1 2; do
	next a $round splice
	next b $round read
done

# The last round of chain b came last, so its parent still counts.
dump a3 a2 --leave-running || fail "the last dump of chain a"
is_full a3
order step
last_dump b3 b2
is_full b3

restore_and_check a3
kill_subject
restore_and_check b3
kill_subject

# In turns of two, the second round of a chain has what it needs.
start_subject
pre_dump c0 - || fail "pre-dump c0"
order step
pre_dump d0 - || fail "pre-dump d0"
order step
pre_dump d1 d0 || fail "pre-dump d1"
is_incremental d1
order step
pre_dump c1 c0 || fail "pre-dump c1"
is_full c1
order step
pre_dump c2 c1 || fail "pre-dump c2"
is_incremental c2
order step
dump d2 d1 --leave-running || fail "the last dump of chain d"
is_full d2
order step
last_dump c3 c2
restore_and_check d2
kill_subject
restore_and_check c3
