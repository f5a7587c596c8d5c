#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A live pre-dump whose criu was killed goes on. Whoever dumps the target meanwhile does not track it, stores all of
# it, and neither of the two chains misses a write.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# MODE: of the pre-dump that finds another one at work.
overlap()
{
	local killed worker

	rm -rf "$dir"/{slow,other,last}
	mkdir "$dir/slow"
	# 64 MiB, in four seconds
	"$criu" pre-dump -t "$pid" -D "$dir/slow" -o "$logs/slow-$1.log" -v4 -L "$plugins" --mem-tracker uffd-wp \
		--pre-dump-mode live --pre-dump-rate 16M </dev/null >>"$logs/criu.out" 2>&1 &
	killed=$!
	until [ -s "$dir/slow/pages-1.img" ]; do
		sleep 0.01
	done
	worker=$(cat "/proc/$killed/task/$killed/children")
	kill -KILL "$killed"
	wait "$killed" 2>/dev/null || true

	order step
	pre_dump other - --pre-dump-mode "$1" || fail "a pre-dump while another one goes on"
	[ -e "/proc/${worker// /}" ] || fail "the killed pre-dump ended too soon, this test would show nothing"
	grep -q 'another criu works on it' "$criu_log" || fail "the pre-dump did not notice the other one"
	is_full other
	order step
	wait_gone "${worker// /}"
	order step

	# On top of either: all of it, as neither is what the keeper knows and the other one did not protect.
	pre_dump next other --pre-dump-mode "$1" || fail "a pre-dump after both"
	order step
	dump last next --leave-running || fail "the dump failed"
	runs_on
}

start_subject
overlap splice
rm -rf "$dir/next"
overlap live

# The last dump, while one goes on.
mkdir "$dir/slow2"
"$criu" pre-dump -t "$pid" -D "$dir/slow2" -o "$logs/slow2.log" -v4 -L "$plugins" --mem-tracker uffd-wp \
	--pre-dump-mode live --pre-dump-rate 16M --prev-images-dir ../next </dev/null >>"$logs/criu.out" 2>&1 &
slow=$!
until grep -q 'Pre-dumping' "$logs/slow2.log" 2>/dev/null; do
	sleep 0.001
done
rm -rf "$dir/last"
last_dump last next
grep -q 'another criu works on it' "$criu_log" || [ ! -e "/proc/$slow" ] || fail "the last dump did not notice the other one"
wait "$slow" || true
restore_and_check last
