#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The parent directory is missing, of another task or of another run: an error or a full dump, and never a
# restore of wrong memory.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# LEVEL: a chain of one pre-dump, after which the kernel knows what is dirty.
pre_dumped()
{
	[ -d "/proc/$pid" ] || start_subject
	pre_dump "$1" - || fail "a pre-dump"
	order step
}

# NAME PARENT: the last dump, on top of the wrong parent.
full_or_refused()
{
	if ! dump "$1" "$2"; then
		echo "$1: refused"
		runs_on
		return
	fi

	wait_gone "$pid"
	is_full "$1"
	if restore "$1"; then
		echo "$1: full"
		put_model_back "$1"
		order check
	else
		# A chain that does not fit together is refused, though nothing is left to it.
		says "need run"
		wait_gone "$pid"
		echo "$1: full, the restore of the chain is refused"
	fi
}

verify=() # it is the tracker that has to notice
start_subject
pre_dumped a
full_or_refused missing-directory nowhere

pre_dumped b
mkdir "$dir/empty"
full_or_refused empty-directory empty

# Of another task, and then with the names of this one.
pre_dumped c
first=$(this_task)
start_subject
pre_dumped other
other_pid=$pid
kill_subject
# shellcheck disable=SC2086 # three words
task $first
full_or_refused another-task other

pre_dumped d
for image in "$dir/other"/*-"$other_pid".img; do
	mv "$image" "${image%-"$other_pid".img}-$pid.img"
done
full_or_refused another-task-renamed other

# Of this very task, but not of the run after which the kernel counts.
pre_dumped old
pre_dump new old || fail "a pre-dump"
is_incremental new
order step
full_or_refused earlier-run old

# The parent is the right one, but what is below it was pre-dumped again.
pre_dumped below
pre_dump above below || fail "a pre-dump"
is_incremental above
order step
rm -r "$dir/below"
pre_dumped below
full_or_refused replaced-below above
