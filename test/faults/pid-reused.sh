#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Another task gets the pid of one that was pre-dumped: it is dumped in full.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

start_subject
first_pid=$pid
pre_dump 1 - || fail "a pre-dump"
order step
# A second task keeps the keeper alive.
first=$(this_task)
start_subject
pre_dump bystander - || fail "a pre-dump of another task"
bystander=$(this_task)
# shellcheck disable=SC2086 # three words
task $first

# In a pre-dump.
kill_subject
start_subject "$first_pid"
[ "$pid" = "$first_pid" ] || fail "the new task has pid $pid, not $first_pid"
pre_dump 2 1 || fail "a pre-dump of the new task on top of the old one's images"
is_full 2
order step

# In the last dump.
kill_subject
start_subject "$first_pid"
[ "$pid" = "$first_pid" ] || fail "the new task has pid $pid, not $first_pid"
last_dump 3 2
is_full 3
restore_and_check 3

# A restored task has the pid of the one that was dumped, and is not that task.
pre_dump 4 - || fail "a pre-dump of the restored task"
order step
last_dump 5 4
is_incremental 5
restore_and_check 5
pre_dump 6 4 || fail "a pre-dump of the restored task on top of images of the old one"
is_full 6
order step
last_dump 7 6
restore_and_check 7

# shellcheck disable=SC2086 # three words
task $bystander
order step
last_dump bystander-2 bystander
is_incremental bystander-2
