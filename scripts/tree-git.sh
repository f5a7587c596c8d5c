# SPDX-License-Identifier: GPL-2.0
# Git and the places of the tree, for criu-tree; sourced, not run.
# shellcheck shell=bash disable=SC2034,SC2154

tree=$build/criu
gitdir=$build/criu.git
scratch=$build/criu.scratch

# The commits must not depend on who builds, when, where, or with what settings.
unset "${!GIT_@}"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=criu-uffd-wp GIT_AUTHOR_EMAIL=criu-uffd-wp@localhost
export GIT_AUTHOR_DATE=2000-01-01T00:00:00Z GIT_COMMITTER_DATE=2000-01-01T00:00:00Z
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL

g()
{
	# "make install" may run as another user than the one who built.
	git -c safe.directory='*' -c core.abbrev=12 -c gc.auto=0 "$@"
}

# add_listed DIR: stages the NUL-separated names on stdin, ignored or not.
add_listed()
{
	g -C "$1" --literal-pathspecs add -f --pathspec-from-file=- --pathspec-file-nul
}

# The ref "pending" stands for an update that was interrupted half way.
at_known_commit()
{
	local head ref

	head=$(g -C "$tree" rev-parse HEAD)
	for ref in applied pending; do
		[ "$head" != "$(g -C "$tree" rev-parse -q --verify "refs/series/$ref" || true)" ] || return 0
	done
	return 1
}

worktree_changed()
{
	g -C "$tree" update-index -q --refresh >/dev/null || true
	! g -C "$tree" diff-index --quiet HEAD --
}
