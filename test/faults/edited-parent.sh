#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Parent images were altered: --mem-tracker-verify notices every changed byte, and what cannot be read is an
# error; the target runs on. With the images as they were, the same dump works.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# Two pre-dumps, in 0 and 1; most pages of the area are in 0, and are never written again.
new_chain()
{
	[ -d "/proc/$pid" ] || start_subject
	rm -rf "$dir/0" "$dir/1" "$dir/2"
	pre_dump 0 - || fail "pre-dump 0"
	order step
	pre_dump 1 0 || fail "pre-dump 1"
	order step
}

# NAME MESSAGE: the last dump is refused.
refused()
{
	! dump 2 1 || fail "$1: dumped"
	says "$2"
	runs_on
	new_chain
}

# NAME: the last dump is refused, or it is full, or what was lost is not needed.
never_wrong()
{
	verify=()
	if ! dump 2 1; then
		echo "$1: dump refused"
		runs_on
	elif wait_gone "$pid" && restore 2; then
		echo "$1: restored"
		put_model_back 2
		order check
	else
		echo "$1: restore refused"
		wait_gone "$pid"
	fi
	verify=(--mem-tracker-verify)
	new_chain
}

# FILE OFFSET: flips a bit.
flip()
{
	/usr/bin/python3 - "$1" "$2" <<-END
		import sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(int(sys.argv[2]))
		    byte = f.read(1)[0]
		    f.seek(int(sys.argv[2]))
		    f.write(bytes([byte ^ 1]))
	END
}

# FILE: to half its size.
halve()
{
	truncate -s $(($(stat -c %s "$1") / 2)) "$1"
}

start_subject
new_chain
flip "$dir/0/pages-1.img" $((40 << 20))
refused page-altered "$pid: page 0x[0-9a-f]* counts as not written, but is not as in the parent images"

halve "$dir/0/pages-1.img"
refused pages-cut-short "."

halve "$dir/1/pagemap-$pid.img"
never_wrong pagemap-cut-short

truncate -s -3 "$dir/1/pagemap-$pid.img"
never_wrong pagemap-cut-in-an-entry

truncate -s 2 "$dir/1/pagemap-$pid.img"
never_wrong pagemap-cut-to-nothing

rm "$dir/1/pagemap-$pid.img"
never_wrong pagemap-removed

halve "$dir/0/pagemap-$pid.img"
never_wrong pagemap-below-cut-short

rm "$dir/0/pages-1.img"
never_wrong pages-removed

rm "$dir/1/parent"
never_wrong link-to-the-level-below-removed

# Nothing left to find out whether the images are those of the last run.
truncate -s 10 "$dir/1/inventory.img"
never_wrong inventory-cut-short

rm "$dir/1/inventory.img"
never_wrong inventory-removed

# As it should be.
last_dump 2 1
is_incremental 2
restore_and_check 2
