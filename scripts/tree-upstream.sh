# SPDX-License-Identifier: GPL-2.0
# The pristine source as the first commit of build/criu, for criu-tree; sourced, not run.
# shellcheck shell=bash disable=SC2154

unpack_upstream()
{
	local dir=$1 src=$2 found

	say UNPACK "${src#"$top/"}"
	if [ -f "$src" ]; then
		tar -xf "$src" -C "$dir" --strip-components=1 --no-same-owner
	elif [ -e "$src/.git" ]; then
		g -C "$src" archive HEAD | tar -xf - -C "$dir" --no-same-owner
	elif [ -d "$src" ]; then
		tar -cf - -C "$src" . | tar -xf - -C "$dir" --no-same-owner
	else
		die "CRIU_SRC: $src is neither a directory nor a tarball"
	fi
	found=$(sed -n -E 's/^CRIU_VERSION_(MAJOR|MINOR|SUBLEVEL)\s*:=\s*//p' "$dir/Makefile.versions" | paste -sd.)
	[ "$found" = "$CRIU_VERSION" ] || die "$src is CRIU ${found:-of an unknown version}, not $CRIU_VERSION"
}

# A plain directory may have been built in: what .gitignore names is left out and removed, except for the
# symbolic links under test/ that upstream tracks although its .gitignore names them.
commit_upstream()
{
	local dir=$1 src=$2 link

	if [ -d "$src" ] && [ ! -e "$src/.git" ]; then
		g -C "$dir" add -A
		g -C "$dir" ls-files -z -oi --exclude-standard -- test | while IFS= read -r -d '' link; do
			[ ! -L "$dir/$link" ] || printf '%s\0' "$link"
		done | add_listed "$dir"
		g -C "$dir" clean -qfdx
	else
		g -C "$dir" add -A -f
	fi
	g -C "$dir" commit -q -m "CRIU $CRIU_VERSION"
	g -C "$dir" tag upstream
}

# .git is a file: CRIU's Makefile puts "git describe" into a header where .git is a directory, which would
# compile several files again after each commit. The path in it is relative, so that a copy of this
# repository has a tree of its own.
create_tree()
{
	local src=$1

	rm -rf "$tree.new" "$gitdir"
	mkdir -p "$tree.new"
	unpack_upstream "$tree.new" "$src"
	g init -q --bare --template= "$gitdir"
	g --git-dir="$gitdir" config core.bare false
	g --git-dir="$gitdir" symbolic-ref HEAD refs/heads/series
	echo "gitdir: ../${gitdir##*/}" >"$tree.new/.git"
	commit_upstream "$tree.new" "$src"
	g -C "$tree.new" update-ref refs/series/applied HEAD
	mv "$tree.new" "$tree"
}
