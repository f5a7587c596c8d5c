#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Post-copy after pre-copy: pre-dumps go to a page server, the last dump (--lazy-pages) sends it page maps and keeps its
# pages. The restore has what the pre-dumps sent at once, and asks the dump for the others; when the dump ends too
# early the restored task ends, too. When the restore does, the dumped task goes on.

# shellcheck source=test/faults/lazy-lib.sh
. "$(dirname "$0")/lazy-lib.sh"

there=$dir/there # the other host: another pid namespace

# LEVEL PARENT
start_page_server()
{
	mkdir -p "$there/$1"
	set -- "$1" "${2:+../$2}"
	"$criu" page-server -D "$there/$1" -o "$logs/page-server-$1.log" -v4 --address 127.0.0.1 --port $port \
		${2:+--prev-images-dir "$2"} </dev/null >>"$logs/criu.out" 2>&1 &
	server=$!
	wait_for "nobody listens" is_listening
}

verify=() # the parent images are not here

# ENVIRONMENT...: of the last dump.
chain()
{
	rm -rf "$there" "$dir"/[123]
	start_subject
	start_page_server 1
	preload=()
	pre_dump 1 - "${to[@]}" || fail "pre-dump 1"
	wait $server || fail "page server 1"
	order step
	start_page_server 2 1
	pre_dump 2 1 "${to[@]}" || fail "pre-dump 2"
	wait $server || fail "page server 2"
	order step

	start_page_server 3 2
	preload=("$@")
	cp "$work/model.$pid" "$dir/model-3"
	echo "$steps" >"$dir/steps-3"
	mkdir "$dir/3"
	env "${preload[@]}" "$criu" dump -t "$pid" -D "$dir/3" -o "$logs/dump-3.log" -v4 -L "$plugins" \
		--mem-tracker "$tracker" --track-mem --prev-images-dir ../2 --lazy-pages "${to[@]}" \
		</dev/null >>"$logs/criu.out" 2>&1 &
	dump=$!
	wait $server || fail "page server 3"
	criu_log=$logs/dump-3.log
	wait_for "nobody listens" is_listening
	# Page maps are there already, and what pages they have.
	cp -n "$dir/3"/*.img "$there/3/"
}

# ENVIRONMENT...: of the daemon. Runs in another pid namespace. Fails with 3 if the restore fails, 4 if the daemon does and has ended the task.
restore_there()
{
	rm -f "$work/ack"
	touch "$work/read"
	put_model_back 3
	echo "check $steps" >"$work/cmd"
	# shellcheck disable=SC2016 # for the other shell
	timeout 60 env "$@" unshare --pid --fork --kill-child --mount --mount-proc bash -c '
		criu=$1 images=$2 log=$3 pid=$4
		shift 4
		"$criu" lazy-pages -D "$images" -o "$log-lazy-pages.log" -v4 "$@" &
		daemon=$!
		until [ -S "$images/lazy-pages.socket" ]; do sleep 0.01; done
		"$criu" restore -d --lazy-pages -D "$images" -o "$log-restore.log" -v4 || exit 3
		kill -USR1 "$pid"
		status=0
		wait $daemon || status=$?
		for i in {1..100}; do
			if [ $status = 0 ]; then
				[ ! -e "$0/ack" ] || exit 0
			else # killed by the daemon, or by the watcher if that was killed
				grep -q -s -x subject /proc/[0-9]*/comm || exit 4
			fi
			sleep 0.1
		done
		exit $((status ? 6 : 5))
	' "$work" "$criu" "$there/3" "$logs/there" "$pid" "${to[@]}" </dev/null >>"$logs/criu.out" 2>&1
}

chain
restore_there || fail "exit status $? of the other host"
[[ $(cat "$work/ack") = ok* ]] || fail "$(cat "$work/ack")"
wait $dump || fail "the dump failed"
wait_gone "$pid"

# What was left to the daemon is what the last dump has.
"$usr/bin/crit" show "$dir/there/3/pagemap-$pid.img" >"$dir/pagemap"
last=$(awk -F '[:,]' '/"flags"/ { lazy = /"PE_LAZY"/ } /"nr_pages"/ && lazy { sum += $2 } END { print sum + 0 }' \
	"$dir/pagemap")
criu_log=$logs/there-lazy-pages.log
says "Found $last pages to be handled"
if [ "$last" -lt 100 ] || [ "$last" -gt 1000 ]; then
	fail "$last pages were left to the daemon"
fi

# The dump ends when it has served some of its pages, maybe before criu there lets the task go.
chain "LD_PRELOAD=$obj/lazy-at.so" LAZY_CALL=tee LAZY_AT=20 "LAZY_SIGNAL=$(kill -l KILL)"
status=0
restore_there || status=$?
criu_log=$logs/there-lazy-pages.log
[[ $status = [34] ]] || fail "exit status $status of the other host"
[ ! -e "$work/ack" ] || fail "the task went on: $(cat "$work/ack")"
says "Remote side closed connection"
says "Killed [1-9][0-9]* tasks"
! wait $dump || fail "the dump did not fail"

# What it was dumped from runs on.
goes_on_here()
{
	! wait $dump || fail "the dump did not fail"
	criu_log=$logs/dump-3.log
	says "Lazy pages transfer FAILED"
	put_model_back 3
	order check
	kill_subject
}

# The daemon is killed.
chain
status=0
restore_there "LD_PRELOAD=$obj/lazy-at.so" LAZY_CALL=ioctl LAZY_AT=20 "LAZY_SIGNAL=$(kill -l KILL)" || status=$?
[[ $status = [34] ]] || fail "exit status $status of the other host"
[ ! -e "$work/ack" ] || fail "the task went on: $(cat "$work/ack")"
goes_on_here

# Somebody else connects, and leaves.
chain
exec 3<>"/dev/tcp/127.0.0.1/$port"
exec 3>&-
goes_on_here
