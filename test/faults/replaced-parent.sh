#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Parent images are replaced after the last dump, by others of the same task: restore refuses the chain.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# LEVEL: in its place come images of another run, with newer content of the same pages.
replace()
{
	mv "$dir/$1" "$dir/$1.right"
	mkdir "$dir/$1"
	cp -a "$dir/newer/." "$dir/$1"
}

put_back()
{
	rm -r "${dir:?}/$1"
	mv "$dir/$1.right" "$dir/$1"
}

start_subject
pre_dump 0 - || fail "pre-dump 0"
order step
pre_dump 1 0 || fail "pre-dump 1"
order step
last_dump 2 1
is_incremental 2
restore_and_check 2
order step
pre_dump newer - || fail "a pre-dump of the restored task"
kill_subject

for level in 0 1; do
	replace $level
	! restore 2 || fail "a restore with level $level replaced"
	says "need run"
	put_back $level
done

restore_and_check 2
