#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Processes that compare shared memory for a dump have nothing of it but their own socket: neither its locks nor its
# connection to the keeper, which would outlive it.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/faults/shared-lib.sh
. "$here/shared-lib.sh"

[ "$(nproc)" -gt 1 ] || skip "one processor: there are no such processes"

# For each of them a line: its sockets, and its regular files that are open for writing. They are no children of criu.
cat >"$dir/look" <<-'END'
	#!/bin/bash
	[ "$CRTOOLS_SCRIPT_ACTION" = post-dump ] || exit 0
	for status in $(grep -l -s '^Name:.criu$' /proc/[0-9]*/status); do
		process=${status%/status}
		grep -q '^PPid:.1$' "$status" || continue
		files=$(find "$process/fd" -lname '/*' -perm -u=w -printf '%l ' 2>/dev/null)
		echo "$(find "$process/fd" -lname 'socket:*' | wc -l) $files"
	done >"${0%/*}/seen"
END
chmod +x "$dir/look"

start_target $((20 * 1024 * 1024 / $(getconf PAGE_SIZE)))
round pre-dump 0 - || fail "the pre-dump failed"
change
round dump 1 0 --track-mem --action-script "$dir/look" || fail "the dump failed"
says "processes compare shared memory"
wait_gone "$pid"
[ -s "$dir/seen" ] || fail "no process was seen"
while read -r sockets files; do
	[ "$sockets" = 1 ] || fail "a process has $sockets sockets, files $files"
	[[ $files != *uffd-wp* ]] || fail "a process has the files $files"
done <"$dir/seen"
restored
