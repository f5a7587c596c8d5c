#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The keeper cannot be started: no pre-dump, and the target is not touched; the last dump works in full.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# NAME: a directory with the plugin, but without the keeper.
plugin_alone()
{
	mkdir -p "$dir/$1/lib/criu"
	cp "$usr/lib/criu/uffd_wp_plugin.so" "$dir/$1/lib/criu/"
	plugins=$dir/$1/lib/criu
}

# NAME: what a pre-dump and a last dump do in this state of things.
refused_but_dumped()
{
	local before

	start_subject
	before=$(look_at "$pid")
	! pre_dump "pre-dump-$1" - || fail "$1: a pre-dump"
	says "Can't use the keeper"
	untouched "$before"
	order step
	last_dump "dump-$1" -
	is_full "dump-$1"
	restore_and_check "dump-$1"
	kill_subject
}

[ ! -e /usr/libexec/criu/uffd-wp-keeper ] || mount --bind /dev/null /usr/libexec/criu/uffd-wp-keeper

plugin_alone missing
refused_but_dumped missing

plugin_alone ends-at-once
cp "$(type -P false)" "$plugins/uffd-wp-keeper"
refused_but_dumped ends-at-once

plugin_alone does-not-listen
printf '#!/bin/sh\nexec sleep 60\n' >"$plugins/uffd-wp-keeper"
chmod +x "$plugins/uffd-wp-keeper"
refused_but_dumped does-not-listen

plugins=$usr/lib/criu
mkdir -m 700 /run/criu
mount -t tmpfs -o ro,mode=700 faults /run/criu
refused_but_dumped read-only-directory
umount /run/criu

rmdir /run/criu
touch /run/criu
refused_but_dumped file-in-place-of-directory
rm /run/criu

# Nothing of the above stays in the way.
start_subject
pre_dump good-1 - || fail "a pre-dump with a keeper"
order step
last_dump good-2 good-1
is_incremental good-2
restore_and_check good-2
