# SPDX-License-Identifier: GPL-2.0
# The series as files in a directory: list, checksum, apply, write. For criu-tree; sourced, not run.
# A series is DIR/NNNN-*.patch and the tree DIR/files.
# shellcheck shell=bash disable=SC2154

# series_list DIR: its files in order, NUL separated, relative to DIR.
series_list()
{
	(cd "$1" && find . \( -path './files/*' -o -path './[0-9]*.patch' ! -path './*/*' \) ! -type d -print0 | sort -z)
}

# series_id DIR: a checksum over names, content, links and executable bits.
series_id()
{
	series_list "$1" | tar -cf - -C "$1" --no-recursion --null -T - --format=ustar --mtime=@0 \
		--owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' | sha256sum | cut -d' ' -f1
}

# series_commit_files DIR: copies DIR/files into the scratch worktree, as one commit.
series_commit_files()
{
	local dir=$1/files f

	[ -n "$(find "$dir" ! -type d -print -quit 2>/dev/null)" ] || return 0
	(cd "$dir" && find . ! -type d -printf '%P\0') | while IFS= read -r -d '' f; do
		[ ! -e "$scratch/$f" ] || die "criu-patches/files/$f: upstream has this file, make the change a patch"
	done
	cp -RP --preserve=mode "$dir/." "$scratch/"
	(cd "$dir" && find . ! -type d -printf '%P\0') | add_listed "$scratch"
	g -C "$scratch" commit -q -m 'Add the files of criu-uffd-wp'
}

# series_build DIR: applies the series in DIR to upstream in the scratch worktree and prints the commit.
# A series that does not apply is left there to look at, until the next call.
series_build()
{
	local dir=$1 patch

	rm -rf "$scratch"
	g -C "$tree" worktree prune
	g -C "$tree" worktree add -q --detach "$scratch" upstream >&2
	series_commit_files "$dir"
	for patch in "$dir"/[0-9]*.patch; do
		[ -e "$patch" ] || continue
		g -C "$scratch" am -q --keep-cr --keep-non-patch --whitespace=nowarn \
			--committer-date-is-author-date "$patch" </dev/null >&2 ||
			die "criu-patches/${patch##*/} does not apply, see ${scratch#"$top/"}"
	done
	g -C "$scratch" rev-parse HEAD
	rm -rf "$scratch"
	g -C "$tree" worktree prune
}

# series_write DIR: the commits of build/criu as a series in DIR. A file that upstream does not have is kept
# whole under files/, whichever commit added or changed it; patches hold changes to upstream's files only.
series_write()
{
	local dir=$1 f exclude=() index=$build/criu.index

	rm -rf "$dir" "$index"
	mkdir -p "$dir/files"
	# Paths that some commit has and upstream has not, the ones that are gone again included.
	while IFS= read -r -d '' f; do
		exclude+=(":(exclude,top,literal)$f")
	done < <(g -C "$tree" log --no-renames --name-only --format= -z upstream..HEAD | sort -zu |
		comm -z -23 - <(g -C "$tree" ls-tree -r -z --name-only upstream | sort -z))
	GIT_INDEX_FILE=$index g -C "$tree" read-tree HEAD
	g -C "$tree" diff --no-renames --diff-filter=A --name-only -z upstream HEAD |
		GIT_INDEX_FILE=$index g -C "$tree" checkout-index -q -z --stdin --prefix="$dir/files/"
	rm -f "$index"
	g -C "$tree" format-patch -q --zero-commit --no-signature --no-numbered --no-thread --no-attach \
		--no-cover-letter --no-base -o "$dir" upstream..HEAD -- ':(top)' "${exclude[@]}"
}

# series_copy FROM TO: replaces what differs and removes what is gone; the rest keeps its time stamps.
series_copy()
{
	local from=$1 to=$2 f

	series_list "$to" | while IFS= read -r -d '' f; do
		[ -e "$from/$f" ] || [ -L "$from/$f" ] || { say REMOVE "criu-patches/${f#./}" && rm "$to/$f"; }
	done
	series_list "$from" | while IFS= read -r -d '' f; do
		if ! same_file "$from/$f" "$to/$f"; then
			say WRITE "criu-patches/${f#./}"
			mkdir -p "$(dirname "$to/$f")"
			cp -P --remove-destination --preserve=mode "$from/$f" "$to/$f"
		fi
	done
	mkdir -p "$to/files"
	find "$to/files" -mindepth 1 -type d -empty -delete
}

same_file()
{
	[ -e "$2" ] || [ -L "$2" ] || return 1
	[ "$(stat -c '%F %A' "$1")" = "$(stat -c '%F %A' "$2")" ] || return 1
	if [ -L "$1" ]; then
		[ "$(readlink "$1")" = "$(readlink "$2")" ]
	else
		cmp -s "$1" "$2"
	fi
}
