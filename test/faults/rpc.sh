#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Over RPC: the feature check says what there is without starting anything, and a PRE_DUMP without
# track_mem, as runc sends it, works with the plugin and is an error without. A lazy restore does what is asked for.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

pycriu=$(find "$usr"/lib* -type d -name pycriu | head -n 1)
[ -n "$pycriu" ] || fail "no pycriu in $usr"
empty=$dir/no-plugins
mkdir "$empty"

# ACTION ARGUMENT...
rpc()
{
	CRIU_LIBS_DIR=$plugins timeout -k 5 "$criu_seconds" "$here/rpc.py" "$criu" "${pycriu%/pycriu}" "$@" \
		</dev/null >"$dir/rpc.out" 2>&1
}

# ACTION LEVEL FIELD=VALUE...: returns rpc.py's exit status.
rpc_round()
{
	local action=$1 level=$2

	shift 2
	mkdir "$dir/$level"
	criu_log=$dir/$level/criu.log
	rpc "$action" "$pid" "$dir/$level" criu.log "$@"
}

# ACTION LEVEL FIELD=VALUE...: criu answers that it failed, and has left the target alone.
refused()
{
	local before status=0

	before=$(look_at "$pid")
	rpc_round "$@" || status=$?
	[ $status = 1 ] || fail "$2: rpc.py ends with $status, not with a proper error: $(cat "$dir/rpc.out")"
	says "Memory can't be tracked"
	untouched "$before"
	! grep -q BUG "$criu_log" || fail "$2: a BUG"
}

# lazily FIELD=VALUE...: restores level 2; sets $pages, those that the daemon put in place.
lazily()
{
	local daemon log=$logs/lazy-$((++nr)).log

	rm -f "$dir/2/lazy-pages.socket"
	timeout -k 5 "$criu_seconds" "$criu" lazy-pages -D "$dir/2" -o "$log" -v4 </dev/null >>"$logs/criu.out" 2>&1 &
	daemon=$!
	until [ -S "$dir/2/lazy-pages.socket" ]; do
		kill -0 "$daemon" || fail "the daemon ended"
		sleep 0.01
	done
	rpc restore "$dir/2" "restore-$nr.log" lazy_pages=true "$@" || fail "RESTORE: $(cat "$dir/rpc.out")"
	put_model_back 2
	wait "$daemon" || fail "the daemon failed"
	# After all pages have come: the check reads /proc/self/mem, where those that have not are errors (EIO).
	order check
	pages=$(sed -n 's/.* \([0-9]*\) of [0-9]* pages after .*/\1/p' "$log" | tail -n 1)
	[ -n "$pages" ] || fail "the daemon does not say how many pages it had: $log"
}
nr=0

# The answer True or False.
has_mem_track()
{
	forget_kernel
	rpc features || fail "the feature check: $(cat "$dir/rpc.out")"
	grep -qx "mem_track $1" "$dir/rpc.out" || fail "the feature check says $(cat "$dir/rpc.out")"
	[ -z "$(keepers)" ] || fail "the feature check started a keeper"
	[ ! -e "$socket" ] || fail "the feature check made a socket"
}

start_subject

has_mem_track True
if ! run_criu check --feature mem_dirty_track -L "$empty"; then
	plugins=$empty
	has_mem_track False
	refused pre-dump no-plugin
	refused dump no-plugin-dump track_mem=true
	refused pre-dump no-plugin-uffd-wp mem_tracker=MEM_TRACKER_UFFD_WP
	plugins=$usr/lib/criu
	refused pre-dump soft-dirty mem_tracker=MEM_TRACKER_SOFT_DIRTY
	says CONFIG_MEM_SOFT_DIRTY
else
	echo "the kernel has soft-dirty: its absence is not tested"
fi
runs_on

# What runc sends.
rpc_round pre-dump 0 || fail "PRE_DUMP: $(cat "$dir/rpc.out")"
order step
rpc_round pre-dump 1 parent_img=../0 track_mem=true mem_tracker=MEM_TRACKER_UFFD_WP ||
	fail "PRE_DUMP with a parent: $(cat "$dir/rpc.out")"
is_incremental 1
order step
cp "$work/model.$pid" "$dir/model-2"
echo "$steps" >"$dir/steps-2"
rpc_round dump 2 parent_img=../1 track_mem=true mem_tracker_verify=true ||
	fail "DUMP with a parent: $(cat "$dir/rpc.out")"
wait_gone "$pid"
is_incremental 2
restore_and_check 2
kill_subject

lazily
last=$pages
kill_subject
lazily lazy_parents=true
[ "$pages" -gt $((2 * last)) ] || fail "with lazy_parents $pages pages came late, without $last"
