#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Under a service manager that stores its descriptors, a keeper is killed between two dumps, and another one goes on:
# what was not written meanwhile is left to the parent images, what was written is not. Killed during a pre-dump, the
# next dump is a full one.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

kill_keeper()
{
	local old

	old=$(keepers)
	[ -n "$old" ] || fail "there is no keeper"
	kill -KILL "$old"
	wait_gone "$old"
}

# When it has noticed that criu is gone: it has the listener and the way to its manager open, and no connection.
kill_idle_keeper()
{
	until [ "$(find "/proc/$(keepers)/fd" -lname 'socket:*' | wc -l)" = 2 ]; do sleep 0.01; done
	kill_keeper
}

"$here/manager.py" "$keeper" "$socket" >"$logs/manager.log" 2>&1 &
until [ -S "$socket" ]; do sleep 0.01; done
[ -z "$(keepers)" ] || fail "a keeper runs already"

start_subject
pre_dump 0 - || fail "pre-dump"
order step
kill_idle_keeper
order step
pre_dump 1 0 || fail "pre-dump after the keeper was killed"
is_incremental 1
kill_idle_keeper
order step
last_dump 2 1
is_incremental 2
restore_and_check 2

# The same in live mode.
pre_dump 3 - --pre-dump-mode live || fail "live pre-dump"
kill_idle_keeper
order step
pre_dump 4 3 --pre-dump-mode live || fail "live pre-dump after the keeper was killed"
is_incremental 4

# Slow enough to be met at work.
order step
round pre-dump 5 4 --pre-dump-mode live --pre-dump-rate 200K &
until [ -s "$dir/5/pages-1.img" ]; do sleep 0.01; done
kill_keeper
wait $! || true
order step
last_dump 6 5
is_full 6
restore_and_check 6
