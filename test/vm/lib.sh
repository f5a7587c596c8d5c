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

vm_kernels=$top/test/vm/kernels
kernel_sources=$top/kernel-patches/kernels

# table_line TABLE NAME: prints the line of a table whose first word is NAME, with one space between words.
table_line()
{
	local found

	found=$(awk -v n="$2" '$1 == n { $1 = $1; print }' "$1")
	[ -n "$found" ] || die "$1 has no line for $2; there are: $(awk '!/^#/ && NF { print $1 }' "$1" | xargs)"
	echo "$found"
}

# kernel_id NAME: names what belongs to this line of the table; another line, another id.
kernel_id()
{
	local hash

	hash=$(table_line "$vm_kernels" "$1" | cut -d' ' -f2,3 | sha256sum)
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
		table_line "$kernel_sources" "${1%%-*}" >/dev/null
		echo "$vm/built-$1"
	else
		echo "$vm/kernel-$(kernel_id "$1")"
	fi
}

# source_dir SERIES: where fetch-source leaves the tarball and SHA256SUMS; another line of the table, another directory.
source_dir()
{
	local hash

	hash=$(table_line "$kernel_sources" "$1" | sha256sum)
	echo "$build/cache/linux-$1-${hash:0:8}"
}

# series_patches SERIES all|N: prints the files, in the order in which they are applied.
series_patches()
{
	local lines='$'

	[ "$2" = all ] || lines=$2
	[ "$lines" != 0 ] || return 0
	sed -n -E "s#^[^\#].*#$top/kernel-patches/$1/&#p" "$top/kernel-patches/$1/series" | sed -n "1,${lines}p"
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
