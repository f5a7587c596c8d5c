#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Somebody else's directory, socket or process where the keeper ought to be: nobody there is told or
# handed anything. No pre-dump, and the target is not touched; the last dump works in full.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

nobody=65534

# UID: a listener of that user at the socket, in a directory and with a socket of root's.
listen_as()
{
	rm -rf /run/criu
	mkdir -m 700 /run/criu
	"$here/stranger.py" "$socket" "$1" "$dir/stranger" &
	stranger=$!
	until grep -q listening "$dir/stranger" 2>/dev/null; do
		[ -d "/proc/$stranger" ] || fail "the stranger does not listen"
		sleep 0.01
	done
}

# NAME
not_trusted()
{
	local before

	start_subject
	before=$(look_at "$pid")
	! pre_dump "pre-dump-$1" - || fail "$1: a pre-dump"
	says "Can't use the keeper"
	untouched "$before"

	order step
	last_dump "dump-$1" -
	says "Warn.*Can't use the keeper"
	is_full "dump-$1"
	! grep -q message "$dir/stranger" || fail "$1: a stranger was spoken to"
	restore_and_check "dump-$1"
	kill_subject
	kill "$stranger"
	wait "$stranger" || true
	rm -f "$dir/stranger"
}

listen_as $nobody
not_trusted process-of-another-user

listen_as 0
chown $nobody "$socket"
not_trusted socket-of-another-user

listen_as 0
chmod 666 "$socket"
not_trusted socket-open-to-all

listen_as 0
chown $nobody /run/criu
not_trusted directory-of-another-user

listen_as 0
chmod 777 /run/criu
not_trusted directory-open-to-all

listen_as 0
mv /run/criu /run/elsewhere
ln -s elsewhere /run/criu
chown -h $nobody /run/criu
not_trusted symlink-of-another-user
rm -rf /run/criu /run/elsewhere

# Nothing listens, but the place is not ours alone.
mkdir -m 777 /run/criu
start_subject
before=$(look_at "$pid")
if pre_dump open-directory -; then
	[ "$(stat -c '%u %a' /run/criu)" = "0 700" ] || fail "a keeper listens in a directory that is open to all"
else
	untouched "$before"
fi
