# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # the variables are for the scripts that source this one
# The source of a series with some of its patches, and what is compiled from it: for the scripts that build kernels;
# sourced after lib.sh.

# use_tree NAME: sets, for SERIES-patched, SERIES-unpatched and both with -debug,
#   series, patches (all or 0), fragments (of the configuration, in their order), source, objects (directories),
#   settings (that the kernel depends on), flags (of make)
use_tree()
{
	local flavor=plain compiler=gcc

	is_built_here "$1" || die "$1 is not the name of a kernel to build"
	series=${1%%-*}
	patches=all
	[[ $1 != *-unpatched* ]] || patches=0
	fragments=("$top/kernel-patches/config")
	[ ! -e "$top/kernel-patches/$series/config" ] || fragments+=("$top/kernel-patches/$series/config")
	[[ $1 != *-debug ]] || { fragments+=("$top/kernel-patches/config-debug") && flavor=debug; }
	source=$build/linux/$series/source
	objects=$build/linux/$series/$flavor
	! command -v ccache >/dev/null || compiler="ccache gcc"
	# Nothing of the time and the machine: equal inputs give equal kernels, and compiler caches work.
	settings=(KBUILD_BUILD_TIMESTAMP=2026-01-01 KBUILD_BUILD_USER=build KBUILD_BUILD_HOST=vm
		KBUILD_BUILD_VERSION=1 LOCALVERSION=)
	flags=(-s "O=$objects" "CC=$compiler" "${settings[@]}")
}

# recipe: what kernel-patches has for the kernel, as hashes.
recipe()
{
	local patch

	while IFS= read -r patch; do
		# Without the message.
		sed -n '/^diff --git/,$p' "$patch" | sha256sum
	done < <(series_patches "$series" "$patches")
	sha256sum "${fragments[@]}" | cut -d' ' -f1
}

# configure: an option of the fragments that the kernel knows and that did not take effect is an error.
configure()
{
	local line option lost=''

	mkdir -p "$objects"
	# Of what is set twice the last one counts.
	cat "$source"/{kernel,arch/x86}/configs/tiny*.config "${fragments[@]}" >"$objects/all.config"
	make -C "$source" "${flags[@]}" KCONFIG_ALLCONFIG="$objects/all.config" allnoconfig >/dev/null 2>&1 ||
		die "kernel $series was not configured"
	while IFS= read -r line; do
		! grep -qxF "$line" "$objects/.config" || continue
		option=$(grep -oE 'CONFIG_[A-Z0-9_]+' <<<"$line")
		case $line in
			CONFIG_*) ! grep -rqE --include='Kconfig*' "^(menu)?config ${option#CONFIG_}\$" "$source" || lost+=" $line" ;;
			*) ! grep -q "^$option=" "$objects/.config" || lost+=" $option=n" ;;
		esac
	done < <(grep -hE '^(# )?CONFIG_[A-Z0-9_]+( is not set|=)' "${fragments[@]}")
	[ -z "$lost" ] || die "no effect in the configuration of kernel $series:$lost"
}

# lock_series: one tree serves all kernels of a series.
lock_series()
{
	exec 8>"$build/linux/$series.lock"
	flock -w 3000 8 || die "$build/linux/$series.lock is held by another build"
	"$top/test/vm/fetch-source" "$series" 8>&-
}
