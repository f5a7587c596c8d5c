#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Somebody sets the link to the parent images again, after a dump with a final pass, to what was the parent of the
# whole, as podman does: restore finds the final pass. What is not the final pass of these images is not taken for it.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# LEVEL: a chain of two, the second with a final pass.
dump_with_final_pass()
{
	start_subject
	pre_dump "$1-parent" - || fail "pre-dump"
	order step
	last_dump "$1" "$1-parent" --pre-dump-mode live
	[ -d "$dir/$1/final-pass" ] || fail "no final pass"
	ln -sfn "../$1-parent" "$dir/$1/parent"
}

dump_with_final_pass a
restore_and_check a
kill_subject

dump_with_final_pass b
rm -r "$dir/b/final-pass"
cp -a "$dir/a/final-pass" "$dir/b/"
! restore b || fail "restored with a final pass of other images"
says "those on top of it need run"
