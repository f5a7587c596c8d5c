# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # top, machine and apt_dir are set by those who source this
# apt with state of its own: the machine's apt configuration is read (mirror, keyring, proxy) and left
# alone. Sourced after lib.sh by scripts that set apt_dir, a directory to work in, and apt_architecture if it is another
# one than the machine's.

# target_architecture: prints Debian's name of the one that is built for; nothing if it is the machine's own.
target_architecture()
{
	[ -n "${CROSS_COMPILE:-}" ] || return 0
	case $machine in
		aarch64) echo arm64 ;;
		ppc64) echo ppc64el ;;
		s390) echo s390x ;;
		*) echo "$machine" ;;
	esac
}

# private_apt TOOL ARG...: told to refuse whatever is not signed.
private_apt()
{
	local tool=$1 foreign=()

	shift
	# Packages that are installed here are not, for another architecture.
	[ -z "${apt_architecture:-}" ] || foreign=(-o "APT::Architecture=$apt_architecture"
		-o "APT::Architectures=$apt_architecture" -o "Dir::State::Status=$apt_dir/status")
	timeout 600 "$tool" -qq "${foreign[@]}" \
		-o Dir::State::Lists="$apt_dir/lists" -o Dir::Cache="$apt_dir/cache" \
		-o Dir::Etc::SourceList="$apt_dir/sources.list" -o Dir::Etc::SourceParts=- \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3 \
		-o Acquire::AllowInsecureRepositories=false -o Acquire::AllowDowngradeToInsecureRepositories=false \
		-o APT::Get::AllowUnauthenticated=false -o APT::Update::Error-Mode=any "$@" </dev/null
}

# apt_archives: prints "URI<tab>KEYRING" for every archive that the machine knows; KEYRING may be empty.
apt_archives()
{
	local file uri key sources=()

	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
		[ ! -r "$file" ] || sources+=("$file")
	done
	awk -f "$top/scripts/apt-sources.awk" "${sources[@]}" </dev/null | while IFS=$'\t' read -r uri key; do
		[ -z "$key" ] && [ -r /usr/share/keyrings/debian-archive-keyring.gpg ] &&
			key=/usr/share/keyrings/debian-archive-keyring.gpg
		printf '%s\t%s\n' "$uri" "$key"
	done
}

# apt_use TYPE URI KEYRING SUITE: starts $apt_dir anew with the index of one suite. TYPE: deb or deb-src.
apt_use()
{
	local options=''

	rm -rf "$apt_dir"
	mkdir -p "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial" "$apt_dir/download"
	touch "$apt_dir/status"
	[ -z "$3" ] || options="[signed-by=$3] "
	echo "$1 $options$2 $4 main" >"$apt_dir/sources.list"
	private_apt apt-get update
}

# apt_download DIR SUITE COMMAND...: fills DIR with packages and their SHA256SUMS, from the first archive
# that has them. COMMAND prints their names, one a line; it may ask the suite's index with private_apt.
apt_download()
{
	local dir=$1 suite=$2 uri key

	shift 2
	command -v apt-get >/dev/null || die "packages are fetched with apt, which is not here"
	while IFS=$'\t' read -r uri key; do
		try_download "$dir" "$suite" "$uri" "$key" "$@" && rm -rf "$apt_dir" && return
	done < <(apt_archives)
	rm -rf "$apt_dir"
	return 1
}

try_download()
{
	local dir=$1 suite=$2 uri=$3 key=$4 names

	shift 4
	apt_use deb "$uri" "$key" "$suite" || return 1
	mapfile -t names < <("$@")
	[ ${#names[@]} -gt 0 ] || { echo "nothing to fetch from $uri $suite" >&2 && return 1; }
	say FETCH "${names[0]} from $uri $suite"
	(cd "$apt_dir/download" && private_apt apt-get download "${names[@]}" >&2 && sha256sum -- *.deb >SHA256SUMS) ||
		return 1
	rm -rf "$dir"
	mkdir -p "${dir%/*}"
	mv "$apt_dir/download" "$dir"
}

# downloaded DIR: whether all packages of DIR are there and intact.
downloaded()
{
	(cd "$1" 2>/dev/null && sha256sum --quiet --status -c SHA256SUMS 2>/dev/null)
}
