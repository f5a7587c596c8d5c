# SPDX-License-Identifier: GPL-2.0
# Shared by the scripts of the build; sourced, not run.
# shellcheck shell=bash disable=SC2034 # the variables are for the scripts that source this one

set -euo pipefail
shopt -s inherit_errexit
umask 022
export LC_ALL=C

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$top/build
cache=$top/build/cache
machine=$(uname -m) # what is built for
# What is built for another architecture (make ARCH= CROSS_COMPILE=) is apart from the rest. In its bin are tools that
# know the sysroot, see scripts/make-sysroot.
if [ -n "${CROSS_COMPILE:-}" ]; then
	build=$top/build/$ARCH
	machine=$ARCH
	: "${CC:=$build/bin/${CROSS_COMPILE}gcc}" "${PKG_CONFIG:=$build/bin/pkg-config}"
	export CC PKG_CONFIG
fi

# say WHAT TEXT: one short line of progress.
say()
{
	printf '  %-8s %s\n' "$1" "$2"
}

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}
