# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # the variables are for the scripts that source this one
# Shared by the scripts here; sourced, not run.

# A machine of another architecture: its kernel is the argument of the script, or the script was called with this set.
case ${1:-} in
	*-arm64*)
		[ "$(uname -m)" = aarch64 ] || export ARCH=aarch64 CROSS_COMPILE=aarch64-linux-gnu-
		;;
esac
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

vm=$build/vm

# kernel_line NAME: prints "NAME SUITE PACKAGE UFFD-WP SOFT-DIRTY".
kernel_line()
{
	local found

	found=$(awk -v n="$1" '$1 == n { print $1, $2, $3, $4, $5 }' "$top/test/vm/kernels")
	[ -n "$found" ] || die "no kernel is called $1; there are: $(kernel_names | xargs)"
	echo "$found"
}

kernel_names()
{
	awk '!/^#/ && NF { print $1 }' "$top/test/vm/kernels"
}

# kernel_id NAME: names what belongs to this line of the table; another line, another id.
kernel_id()
{
	local hash

	hash=$(kernel_line "$1" | cut -d' ' -f2,3 | sha256sum)
	echo "$1-${hash:0:8}"
}

# is_built_here NAME: whether it is one that build-kernel makes, not one of "kernels".
is_built_here()
{
	[[ $1 =~ ^[^-]+-(un)?patched(-debug)?$ ]]
}

# kernel_dir NAME: where fetch-kernel or build-kernel leaves vmlinuz, version and lib/modules.
kernel_dir()
{
	if is_built_here "$1"; then
		series_line "${1%%-*}" >/dev/null
		echo "$vm/built-$1"
	else
		echo "$vm/kernel-$(kernel_id "$1")"
	fi
}

# series_line SERIES: prints "SERIES SUITE source|package PATTERN" of kernel-patches/kernels.
series_line()
{
	local found

	found=$(awk -v n="$1" '$1 == n { print $1, $2, $3, $4 }' "$top/kernel-patches/kernels")
	[ -n "$found" ] || die "no series is called $1; there are: $(series_names | xargs)"
	echo "$found"
}

series_names()
{
	awk '!/^#/ && NF { print $1 }' "$top/kernel-patches/kernels"
}

# source_dir SERIES: where fetch-source leaves the tarball and SHA256SUMS; another line of the table, another directory.
source_dir()
{
	local hash

	hash=$(series_line "$1" | sha256sum)
	echo "$build/cache/linux-$1-${hash:0:8}"
}

# series_patches SERIES all|N: prints the files, in the order in which they are applied.
series_patches()
{
	local lines='$'

	[ "$2" = all ] || lines=$2
	[ "$lines" != 0 ] || return 0
	sed -n -E "1,${lines}s#^[^\#].*#$top/kernel-patches/$1/&#p" "$top/kernel-patches/$1/series"
}

# make_ext4 DIR IMAGE FREE-MB: an ext4 image with what is in DIR and room for more; sparse.
make_ext4()
{
	local used

	used=$(du -sm --apparent-size "$1" | cut -f1)
	rm -f "$2.new"
	# No journal: an image is never used after a crash.
	PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -O ^has_journal -E root_owner=0:0 -m 0 -d "$1" \
		"$2.new" $((used * 5 / 4 + $3))M >/dev/null
	mv "$2.new" "$2"
}
