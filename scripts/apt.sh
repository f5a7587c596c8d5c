# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # top and apt_dir are set by those who source this
# apt with state of its own: the machine's apt configuration is read (mirror, keyring, proxy) and left
# alone. Sourced after lib.sh by scripts that set apt_dir, a directory to work in.

# private_apt TOOL ARG...: told to refuse whatever is not signed.
private_apt()
{
	local tool=$1

	shift
	timeout 600 "$tool" -qq \
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
	[ -z "$3" ] || options="[signed-by=$3] "
	echo "$1 $options$2 $4 main" >"$apt_dir/sources.list"
	private_apt apt-get update
}
