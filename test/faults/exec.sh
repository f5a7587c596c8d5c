#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The task replaces its program between two iterations: the same pid, another memory with other content at
# the same addresses. It is dumped in full, and tracked again from then on.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

replace_program()
{
	touch "$work/exec"
	order step
	[ ! -e "$work/exec" ] || fail "the subject did not exec"
}

start_subject
pre_dump 1 - || fail "pre-dump 1"
replace_program
pre_dump 2 1 || fail "pre-dump 2"
says "$pid: .*all memory is dumped"
is_full 2
order step
pre_dump 3 2 || fail "pre-dump 3"
is_incremental 3
replace_program
last_dump 4 3
says "$pid: .*all memory is dumped"
is_full 4
restore_and_check 4
