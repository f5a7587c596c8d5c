#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# uffd-wpctl precopy: when it stops and what it says, that its chains restore to what the task had, and that
# whatever fails leaves the target and the pre-dumps before it as they were.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

ctl=$usr/bin/uffd-wpctl
chain=    # directory of the chain at hand
nr_chains=0
out=
errors=

new_chain()
{
	nr_chains=$((nr_chains + 1))
	chain="$dir/it's $nr_chains" # what a shell has to quote
	out=$logs/$nr_chains.out
	errors=$logs/$nr_chains.err
	criu_log=$errors
}

# STATUS ARGUMENT...: runs it on the subject and a new directory, and expects that exit status.
precopy()
{
	local expected=$1 status=0

	shift
	new_chain
	timeout -k 5 $((50 * factor)) "$ctl" precopy -t "$pid" -D "$chain" "$@" >"$out" 2>"$errors" || status=$?
	check_status "$expected" "$status"
}

check_status()
{
	[ "$2" = "$1" ] || fail "exit status $2, not $1: $(cat "$out" "$errors")"
	[ "$1" = 1 ] || [ "$1" = 2 ] || [ ! -s "$errors" ] || fail "no error, but: $(cat "$errors")"
}

# PATTERN: it printed a line like this.
printed()
{
	grep -q -e "$1" "$out" || fail "\"$1\" is not in: $(cat "$out")"
}

reported()
{
	grep -q -e "$1" "$errors" || fail "\"$1\" is not in: $(cat "$errors")"
}

# Sets rows to the number of rows of the table, each of which has to make sense: as many pre-dumps are there.
count_rows()
{
	rows=$(grep -c '^ *[0-9]' "$out" || true)
	awk '/^ *[0-9]/ { n++; if (NF != 7 || $1 != n || $2 < 0 || $3 <= 0 || $4 < 0 || $5 < 0) exit 1
		if (n == 1 && $6 != "-" || ($6 == "-") != ($7 == "-") || $6 != "-" && ($6 < 0 || $7 <= 0)) exit 1 }' \
		"$out" || fail "a row of the table is wrong: $(cat "$out")"
	[ -e "$chain/$rows/stats-dump" ] || fail "the pre-dump $rows is not there"
}

# NAME: what memory has to hold in a dump now.
keep_model()
{
	cp "$work/model.$pid" "$dir/model-$1"
	echo "$steps" >"$dir/steps-$1"
}

# The command line that it printed last is for a shell.
run_printed_dump()
{
	local line

	line=$(tail -n 1 "$out")
	[[ $line = *" dump "*"$nr_chains/final"* ]] || fail "this is no command line for the final dump: $line"
	keep_model "$1"
	criu_log=$chain/final/dump.log
	timeout -k 5 "$criu_seconds" sh -c "$line" </dev/null >>"$logs/criu.out" 2>&1 ||
		fail "the printed command: $line"
}

# NAME: of a link that is made to the final dump. That and the pre-dump right before it left most to their parents.
chain_is_incremental()
{
	ln -sfn "$chain/final" "$dir/$1"
	is_incremental "$1/final-pass"
	is_incremental "$1"
}

# NAME: restores the final dump, and puts back what memory had to hold, which was kept under this name.
restore_chain()
{
	wait_gone "$pid"
	chain_is_incremental "$1"
	restore_and_check "$1"
}

# A program to give with --criu: does what is given, with the number of the run in $n and its directory
# in $images, then runs criu.
make_criu()
{
	rm -f "$dir/runs"
	cat >"$dir/criu" <<-END
		#!/bin/bash
		echo >>$dir/runs
		n=\$(wc -l <$dir/runs)
		images=\$(printf '%s\n' "\$@" | sed -n '/^--images-dir\$/ { n; p }')
		$1
		exec $criu "\$@"
	END
	chmod 755 "$dir/criu"
}

# USAGE_ERROR ARGUMENT...
wrong_usage()
{
	local pattern=$1 status=0

	shift
	new_chain
	timeout 20 "$ctl" precopy "$@" >"$out" 2>"$errors" || status=$?
	check_status 2 "$status"
	reported "$pattern"
	[ ! -s "$out" ] || fail "wrong usage, but it prints: $(cat "$out")"
	[ ! -e "$dir/x" ] || fail "wrong usage, but it made the directory"
}

test_usage()
{
	wrong_usage 'both -t PID and -D DIR'
	wrong_usage 'both -t PID and -D DIR' -t "$pid"
	wrong_usage 'both -t PID and -D DIR' -D "$dir/x"
	wrong_usage "'0' is not a pid" -t 0 -D "$dir/x"
	wrong_usage "'12x' is not a pid" -t 12x -D "$dir/x"
	for word in 0 -1 +1 x 1x '' ' 1' 1.5 1001 99999999999999999999; do
		wrong_usage "not a number from 1 to 1000$" -t "$pid" -D "$dir/x" --max-iterations "$word"
	done
	for word in 0 -1 x 5ms 3600001 99999999999999999999; do
		wrong_usage "not a number from 1 to 3600000" -t "$pid" -D "$dir/x" --downtime "$word"
	done
	wrong_usage "'--track-mem'" -t "$pid" -D "$dir/x" --track-mem
	wrong_usage 'come after --' -t "$pid" -D "$dir/x" word
	wrong_usage 'no-such' -t "$pid" -D "$dir/x" --no-such
	wrong_usage 'see uffd-wpctl --help' --help
	wrong_usage 'requires an argument' -t
	! "$ctl" --json precopy -t "$pid" -D "$dir/x" >"$out" 2>"$errors" || fail "--json"
	reported 'JSON'
	! "$ctl" --all precopy -t "$pid" -D "$dir/x" >"$out" 2>"$errors" || fail "--all"
	reported 'usage: uffd-wpctl'
	[ ! -e "$dir/x" ] || fail "wrong usage, but it made the directory"
}

# PID PATTERN: nothing can be dumped of that.
wrong_target()
{
	local mine=$pid

	pid=$1
	precopy 1
	reported "$2"
	[ ! -e "$chain" ] || fail "the directory was made, but there is nothing for it"
	pid=$mine
}

test_wrong_target()
{
	local gone zombie=$dir/zombie

	sleep 0.01 &
	gone=$! # its number will not be another's so soon
	wait "$gone"
	wrong_target "$gone" "no process $gone"

	/usr/bin/python3 -c 'import os, time
pid = os.fork() or os._exit(0)
print(pid, flush=True)
time.sleep(1000)' </dev/null >"$zombie" &
	gone=$!
	disown
	until [ -s "$zombie" ] && [ "$(state_of "$(cat "$zombie")")" = Z ]; do
		sleep 0.01
	done
	wrong_target "$(cat "$zombie")" "the process $(cat "$zombie") has ended"
	kill "$gone"
}

# PATTERN DIRECTORY
wrong_dir()
{
	local status=0

	new_chain
	timeout 20 "$ctl" precopy -t "$pid" -D "$2" >"$out" 2>"$errors" || status=$?
	check_status 1 "$status"
	reported "$1"
	[ ! -s "$out" ] || fail "a directory that can't be used, but it prints: $(cat "$out")"
}

test_wrong_dir()
{
	mkdir -p "$dir/full" "$dir/chain/1"
	echo >"$dir/full/file"
	wrong_dir 'is not empty: give an empty directory' "$dir/full"
	[ "$(ls -A "$dir/full")" = file ] || fail "something was made in the directory that is not empty"
	wrong_dir 'Not a directory' "$dir/full/file"
	wrong_dir "can't make the directory $dir/no/such: No such" "$dir/no/such"
	wrong_dir "$dir/chain has a chain already: dump on top of that" "$dir/chain"
	[ "$(ls -A "$dir/chain" "$dir/chain/1")" = "$(printf '%s:\n1\n\n%s/1:' "$dir/chain" "$dir/chain")" ] ||
		fail "something was made in the directory that has a chain"
}

test_wrong_criu()
{
	precopy 1 --criu "$dir/no-criu"
	reported "can't run '$dir/no-criu': give --criu the path"
	precopy 1 --criu no-such-program
	reported "can't run 'no-such-program': give --criu the path"
	[ ! -e "$chain" ] || fail "the directory was made, but there is no criu"

	echo '#!/no/such/interpreter' >"$dir/broken"
	chmod 755 "$dir/broken"
	precopy 1 --criu "$dir/broken"
	reported "can't run $dir/broken: No such file"
	reported "no pre-dump is complete: before you try again remove $chain"

	# As one without the live mode.
	make_criu '[[ "$*" != *" live "* ]] || { echo "Error (x.c:1): Unable to parse it" >&2; exit 1; }'
	precopy 1 --criu "$dir/criu"
	reported 'Unable to parse it'
	reported 'is it a criu with --pre-dump-mode live'

	sizes='"scanned_bytes": 1, "written_bytes": 1, "rate": 1, "dirty_rate": null, "estimated_stop_us": null'
	for says in '' '{"event": "progress", '"$sizes}" '{"event": "end", "success": false, '"$sizes}"; do
		make_criu "echo '$says' >&3; exit 0"
		precopy 1 --criu "$dir/criu"
		reported "did not say that the pre-dump into $chain/1 is complete"
	done
	# It says so when all is written. What comes then may fail.
	make_criu "echo '{\"event\": \"end\", \"success\": true, $sizes}' >&3; exit 6"
	precopy 1 --criu "$dir/criu"
	reported 'criu pre-dump failed with exit status 6'
	reported "no pre-dump is complete: before you try again remove $chain"

	precopy 1 -- --no-such-option
	reported 'no-such-option'
	reported 'are the options behind -- right'
	precopy 1 -- --mem-tracker soft-dirty
	reported '^Error (.*soft-dirty'
	reported 'criu pre-dump failed with exit status 1'
	reported "its log is $chain/1/pre-dump.log"
}

# The criu of an installation without uffd-wpctl next to it is found in PATH.
test_found_in_path()
{
	mkdir "$dir/bin"
	cp "$ctl" "$dir/bin"
	new_chain
	! PATH=/nonexistent "$dir/bin/uffd-wpctl" precopy -t "$pid" -D "$chain" >"$out" 2>"$errors" || fail "no criu"
	reported 'there is no criu'
	PATH=$usr/sbin:$PATH "$dir/bin/uffd-wpctl" precopy -t "$pid" -D "$chain" --max-iterations 1 \
		>"$out" 2>"$errors" || fail "a criu in PATH"
	printed "^$criu dump "
}

# Nothing is written: the second pre-dump knows that, and the goal is met. The chain is for a dump later on.
test_goal_met()
{
	precopy 0 --downtime 3000000 -- --mem-tracker-verify
	count_rows
	# Or the third: one that began less than 10 ms, a tick of the clock, after another tells nothing.
	[ "$rows" = 2 ] || [ "$rows" = 3 ] || fail "the goal is met by the second pre-dump, but there are $rows"
	printed 'goal is reached'
	printed 'estimated to stop the target for [0-9.]* ms; the goal is 3000000 ms'
	printed 'MiB/s *STOP ms$'
	[ -z "$(ls -A "$chain/final")" ] || fail "there is something in the directory for the final dump"
	order step
	run_printed_dump goal
	restore_chain goal
}

# Some pages are written before each action of criu, and so in between.
test_dump()
{
	make_criu "rm -f $work/ack
		echo step \$n >$work/cmd
		kill -USR1 $pid
		until [ -e $work/ack ]; do sleep 0.01; done
		[[ \$(cat $work/ack) = ok* ]] || exit 99
		[ \"\$1\" != dump ] || { cp $work/model.$pid $dir/model-dumped; echo \$n >$dir/steps-dumped; }"
	precopy 0 --criu "$dir/criu" --dump --max-iterations 4 -- --mem-tracker-verify
	count_rows
	[ "$rows" -ge 3 ] || fail "only $rows pre-dumps"
	printed '^Dumped to '
	restore_chain dumped
}

test_limits()
{
	precopy 0 --max-iterations 2
	count_rows
	[ "$rows" = 2 ] || fail "--max-iterations 2, but there are $rows pre-dumps"
	printed 'max-iterations, 2'
	precopy 3 --max-iterations 1 --downtime 3000000 --dump
	count_rows
	[ "$rows" = 1 ] || fail "--max-iterations 1, but there are $rows pre-dumps"
	printed 'is not known; the goal is 3000000 ms'
	printed 'Therefore it is not dumped'
	[ -z "$(ls -A "$chain/final")" ] || fail "it was dumped"
	runs_on
}

# Whatever is written, a dump stops the target for some time.
test_no_longer_falls()
{
	precopy 3 --downtime 1
	count_rows
	[ "$rows" -ge 4 ] || fail "only $rows pre-dumps"
	printed 'no longer falls'
	printed 'the goal is 1 ms'
	runs_on
}

# AREA RATE: the target is one that writes RATE MiB/s to AREA MiB.
start_writer()
{
	setsid "$here/writer.py" "$1" "$2" </dev/null >/dev/null 2>&1 &
	pid=$!
	disown
	sleep 0.5
}

# What changes during a pre-dump is copied in a quarter of its time.
test_converges()
{
	local mine

	mine=$(this_task)
	start_writer 48 4
	precopy 0 --downtime 150 --dump -- --pre-dump-rate 16M --mem-tracker-verify
	count_rows
	[[ $rows = [3-6] ]] || fail "it takes $rows pre-dumps"
	awk '/^ *[0-9]/ { if ($1 > 1 && $4 >= written || $1 > 2 && $7 >= stop) exit 1; written = $4; stop = $7 }' \
		"$out" || fail "it does not converge in every step: $(cat "$out")"
	printed 'goal is reached'
	printed '^Dumped to '
	wait_gone "$pid"
	chain_is_incremental converged
	restore converged || fail "the restore failed"
	kill_subject
	# shellcheck disable=SC2086 # several words
	task $mine
}

# All of 8 MiB changes all the time, 4 MiB/s are copied.
test_diverges()
{
	local mine

	mine=$(this_task)
	start_writer 8 800
	precopy 3 --downtime 10 --dump -- --pre-dump-rate 4M
	count_rows
	[ "$rows" -le 6 ] || fail "$rows pre-dumps to find out"
	printed 'does not converge: the target changes [34]\.[0-9] MiB/s, and [34]\.[0-9] MiB/s can be copied'
	printed 'Therefore it is not dumped'
	[ -z "$(ls -A "$chain/final")" ] || fail "it was dumped"
	[ -d "/proc/$pid" ] || fail "the target is gone"
	kill_subject
	# shellcheck disable=SC2086 # several words
	task $mine
}

# While a pre-dump runs, its row is there and changes; then one with the time takes its place.
test_terminal()
{
	local row="        1       [.][.][.]  *[1-9][0-9]*[.][0-9] " command

	new_chain
	command="$(printf '%q ' "$ctl" precopy -t "$pid" -D "$chain") --max-iterations 1 -- --pre-dump-rate 64M"
	SHELL=/bin/bash script -qefc "$command" /dev/null >"$out" </dev/null || fail "on a terminal: $(cat "$out")"
	grep -q $'\r'"$row" "$out" || fail "no progress on a terminal: $(cat -v "$out")"
	grep -q $'\r'"        1      [1-9][.]" "$out" || fail "no complete row on a terminal: $(cat -v "$out")"
}

# HOW PATTERN...: the third pre-dump fails, what is printed dumps on top of the second, and that can be restored.
fails_later()
{
	make_criu "[ \$n != 3 ] || $1"
	order step
	precopy 1 --criu "$dir/criu" --downtime 1
	shift
	for pattern; do
		reported "$pattern"
	done
	printed 'are complete. A dump on top of them'
	printed " --prev-images-dir ../2$"
	count_rows
	[ "$rows" = 2 ] || fail "2 pre-dumps are complete, but there are $rows rows"
	runs_on
	run_printed_dump failed
	wait_gone "$pid"
	ln -sfn "$chain/final" "$dir/failed"
	restore_and_check failed
}

test_failures()
{
	fails_later 'exit 7' 'failed with exit status 7' 'did not come as far as its log'
	# shellcheck disable=SC2016 # of the program that is made
	fails_later 'kill -KILL $$' 'was killed by signal 9'
	# As with a full disk: nothing can be written. Its log is a file, too.
	fails_later "{ trap '' XFSZ; ulimit -f 0; }" 'criu pre-dump failed with exit status 1'
	# Not the first of all, and not that it failed.
	fails_later "{ echo 'Error (a.c:1): first
Error (a.c:2): second
Error (a.c:3): Pre-dumping FAILED.' >\"\$images/pre-dump.log\"; exit 4; }" \
		'^Error (a.c:2): second$' 'its log is .*/3/pre-dump.log'
	! grep -q -e first -e FAILED "$errors" || fail "that is not criu's last error: $(cat "$errors")"
}

test_dump_fails()
{
	# It kills itself, once, when it has stopped the target.
	make_criu "[ \$1 != dump ] || ! mkdir $dir/once 2>&- || export CRIU_FAULT=1"
	precopy 1 --criu "$dir/criu" --max-iterations 2 --dump -- --mem-tracker-verify
	[ -e "$chain/final/final-pass/stats-dump" ] || fail "the dump did not fail late enough"
	reported 'criu dump was killed by signal 9'
	reported "its log is $chain/final/dump.log"
	reported 'the pre-dumps are as they were: repeat the command above'
	runs_on
	run_printed_dump repeated
	restore_chain repeated
}

# ARGUMENT...: starts a precopy that takes its time, and waits until it is in its first pre-dump.
start_slow()
{
	new_chain
	set -m # without job control SIGINT is ignored in the background
	"$ctl" precopy -t "$pid" -D "$chain" "$@" >"$out" 2>"$errors" &
	precopy_pid=$!
	set +m
	wait_for_file "$chain/1/pages-1.img"
}

wait_for_file()
{
	until [ -s "$1" ]; do
		[ -d "/proc/$precopy_pid" ] || fail "precopy has ended: $(cat "$errors")"
		sleep 0.02
	done
}

# STATUS
wait_precopy()
{
	local status=0 end=$((SECONDS + 20 * factor))

	while [ -d "/proc/$precopy_pid" ] && [ "$(state_of "$precopy_pid")" != Z ]; do
		[ $SECONDS -lt $end ] || fail "precopy does not end"
		sleep 0.02
	done
	wait "$precopy_pid" || status=$?
	[ "$status" = "$1" ] || fail "exit status $status, not $1: $(cat "$out" "$errors")"
}

criu_runs()
{
	local exe

	for exe in /proc/[0-9]*/exe; do
		[ "$(readlink "$exe" 2>/dev/null || true)" != "$criu" ] || return 0
	done
	return 1
}

wait_criu()
{
	local end=$((SECONDS + 20 * factor))

	while criu_runs; do
		[ $SECONDS -lt $end ] || fail "criu is still there"
		sleep 0.05
	done
}

# The pre-dump is brought to its end, and can be dumped upon.
test_interrupted()
{
	start_slow -- --pre-dump-rate 32M --mem-tracker-verify
	kill -TERM "$precopy_pid"
	wait_precopy 1
	! criu_runs || fail "precopy did not wait for criu"
	reported 'interrupted: waiting'
	reported 'no more pre-dumps'
	count_rows
	[ "$rows" = 1 ] || fail "interrupted in the first pre-dump, but there are $rows"

	start_slow --max-iterations 1 --dump -- --pre-dump-rate 32M --mem-tracker-verify
	kill -INT -- "-$precopy_pid" # as Ctrl-C: to all of its process group
	wait_precopy 1
	reported 'interrupted: it is not dumped'
	[ -z "$(ls -A "$chain/final")" ] || fail "it was dumped"
	runs_on
	run_printed_dump interrupted
	restore_chain interrupted
}

test_interrupted_twice()
{
	start_slow -- --pre-dump-rate 16M
	kill -TERM "$precopy_pid"
	until grep -q waiting "$errors"; do
		sleep 0.01
	done
	kill -TERM "$precopy_pid"
	wait_precopy 1
	[ ! -e "$chain/1/stats-dump" ] || fail "precopy waited for criu"
	reported "goes on by itself: when it has ended, the pre-dump in $chain/1 is complete"
	! grep -q -e remove "$errors" || fail "criu still writes there: $(cat "$errors")"
	order check
	wait_criu
	[ -e "$chain/1/stats-dump" ] || fail "criu did not complete the pre-dump"
	runs_on
}

# A dump that has begun is not given up.
test_interrupted_dump()
{
	# shellcheck disable=SC2016 # of the program that is made
	make_criu '[ $1 != dump ] || { echo >"$images/begun"; sleep 0.5; }'
	keep_model finished
	start_slow --criu "$dir/criu" --max-iterations 2 --dump -- --mem-tracker-verify
	wait_for_file "$chain/final/begun"
	kill -TERM "$precopy_pid"
	wait_precopy 0
	reported 'interrupted: waiting'
	printed '^Dumped to '
	restore_chain finished
}

test_target_ends()
{
	start_slow -- --pre-dump-rate 16M
	kill -KILL "$pid"
	wait_gone "$pid"
	wait_precopy 1
	reported "the process $pid has ended"
	! grep -q ' dump ' "$out" || fail "a dump of a process that has ended"
}

start_subject
test_usage
test_wrong_target
test_wrong_dir
test_wrong_criu
test_found_in_path
test_goal_met
test_dump
test_limits
test_terminal
test_no_longer_falls
test_converges
test_diverges
test_failures
test_dump_fails
test_interrupted
test_interrupted_twice
test_interrupted_dump
test_target_ends
