#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What this kernel lets CRIU see, in the log; and that memory can be tracked by uffd-wp and by nothing else.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/../../faults/lib.sh"

# FEATURE ARGUMENT...
has()
{
	run_criu check --feature "$@" || fail "criu check does not find $*"
	echo "criu check --feature $*: yes"
}

uname -mr
echo "pages of $(getconf PAGE_SIZE) bytes"
mkdir "$dir/no-plugins"
has mem_dirty_track -L "$plugins"
has uffd_wp_async -L "$plugins"
! run_criu check --feature mem_dirty_track -L "$dir/no-plugins" || fail "memory is tracked without the plugin"
