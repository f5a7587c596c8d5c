#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A plugin that was built for another CRIU is refused, with both versions.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# FILE PATTERN
refuse()
{
	local before

	before=$(look_at "$pid")
	plugins=$dir/plugins-$1
	mkdir "$plugins"
	cp "$obj/$1.so" "$plugins/"

	! pre_dump "pre-dump-$1" - || fail "a pre-dump with a plugin of another CRIU"
	says "newer_plugin is built for another CRIU: $2"
	untouched "$before"

	! dump "dump-$1" - || fail "a dump with a plugin of another CRIU"
	says "newer_plugin is built for another CRIU: $2"
	untouched "$before"
	runs_on
}

header=$top/build/criu/criu/include/criu-plugin.h
api=0.$(sed -n 's/^#define CRIU_PLUGIN_VERSION_MINOR[[:space:]]*//p' "$header").0
newer=0.$(($(sed -n 's/^#define CRIU_PLUGIN_VERSION_MINOR[[:space:]]*//p' "$header") + 1)).0

start_subject
refuse newer-version "it has plugin API $newer with [0-9]* hooks, this CRIU $api with [0-9]*"
refuse more-hooks "it has plugin API $api with [0-9]* hooks, this CRIU $api with [0-9]*"
