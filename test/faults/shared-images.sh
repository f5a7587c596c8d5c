#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Images of shared memory that were altered: a restore that would lack pages fails and names the object, and so does one
# of an object that is smaller than its pages say. A dump on top of altered parent images stores what they don't have;
# what they have it compares. --shmem-compare off stores everything, in the last dump only.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/faults/shared-lib.sh
. "$here/shared-lib.sh"

half=$((512 * $(getconf PAGE_SIZE))) # of the memfd, bytes

# ARGUMENT...: a pre-dump, a change, a dump on top of it, in 0 and 1; the target is gone.
new_chain()
{
	rm -rf "$dir/0" "$dir/1"
	start_target
	round pre-dump 0 - "$@" || fail "the pre-dump failed"
	change
	round dump 1 0 --track-mem "$@" || fail "the dump failed"
	wait_gone "$pid"
}

shared_map()
{
	local maps=("$dir/$1"/pagemap-shmem-*.img)

	[ -e "${maps[0]}" ] || fail "no shared memory in $1"
	echo "${maps[0]}"
}

# LEVEL: pages that are in this image.
stored()
{
	"$usr/bin/crit" show "$(shared_map "$1")" |
		/usr/bin/python3 -c 'import json, sys
entries = json.load(sys.stdin)["entries"][1:]
print(sum(e["nr_pages"] for e in entries if "PRESENT" in e["flags"]))'
}

# LEVEL: its file of pages.
pages_of()
{
	local id

	id=$("$usr/bin/crit" show "$(shared_map "$1")" | sed -n 's/.*"pages_id": \([0-9]*\).*/\1/p')
	echo "$dir/$1/pages-$id.img"
}

# NAME MESSAGE
not_restored()
{
	! restore 1 || fail "$1: restored"
	says "$2"
}

# LEVEL FILE PYTHON: edits the entries of an image.
edit()
{
	"$usr/bin/crit" decode -i "$2" -o "$dir/edited" || fail "crit can't decode $2"
	/usr/bin/python3 - "$dir/edited" "$3" <<-END
		import json, sys
		with open(sys.argv[1]) as f:
		    image = json.load(f)
		exec(sys.argv[2], {"entries": image["entries"]})
		with open(sys.argv[1], "w") as f:
		    json.dump(image, f)
	END
	"$usr/bin/crit" encode -i "$dir/edited" -o "$2" || fail "crit can't encode $2"
}

new_chain
[ "$(stored 0)" = 1024 ] || fail "the pre-dump has $(stored 0) pages"
[ "$(stored 1)" = 16 ] || fail "the dump has $(stored 1) pages, 16 changed"
restored

new_chain
truncate -s "$half" "$(pages_of 0)"
not_restored parent-pages-cut "Can't read .* of shmem 0x"

new_chain
edit 0 "$(shared_map 0)" 'del entries[-1]'
not_restored parent-entry-removed "Can't read .* of shmem 0x"

new_chain
edit 1 "$dir/1/memfd.img" 'entries[0]["size"] //= 2'
not_restored object-too-small "of $half bytes can't have"

# What can't be compared is stored.
start_target
rm -rf "$dir/0" "$dir/1"
round pre-dump 0 - || fail "the pre-dump failed"
truncate -s "$half" "$(pages_of 0)"
change
round dump 1 0 --track-mem || fail "the dump on top of a parent that was cut failed"
says "Can't read the parent images of 0x"
wait_gone "$pid"
[ "$(stored 1)" -gt 500 ] || fail "$(stored 1) pages were stored of those that the parent lacks"
restored

# A byte of the parent is another one: the page is stored anew.
start_target
rm -rf "$dir/0" "$dir/1"
round pre-dump 0 - || fail "the pre-dump failed"
printf '\377' | dd of="$(pages_of 0)" bs=1 seek=$((half / 2)) conv=notrunc status=none
round dump 1 0 --track-mem || fail "the dump failed"
wait_gone "$pid"
[ "$(stored 1)" = 1 ] || fail "the dump has $(stored 1) pages, 1 differs"
restored

# A table of hashes of another run, and one that was cut: what it does not vouch for is compared, or stored.
start_target
rm -rf "$dir/0" "$dir/1"
round pre-dump 0 - --shmem-compare hash || fail "the pre-dump failed"
table=$(echo "$dir"/0/shmem-hashes-*)
cp "$table" "$dir/table"
printf 'x' | dd of="$table" bs=1 seek=30 conv=notrunc status=none
change
round dump 1 0 --track-mem --leave-running --shmem-compare hash || fail "the dump on top of wrong hashes failed"
says "are not those of the parent images"
[ "$(stored 1)" = 16 ] || fail "wrong hashes: the dump has $(stored 1) pages, 16 changed"
cp "$dir/table" "$table"
truncate -s $((4096 + 512 * 16)) "$table"
rm -rf "$dir/1"
round dump 1 0 --track-mem --shmem-compare hash || fail "the dump on top of half of the hashes failed"
wait_gone "$pid"
[ "$(stored 1)" = $((512 + 8)) ] || fail "half of the hashes: the dump has $(stored 1) pages"
restored

new_chain --shmem-compare off
! ls "$dir"/0/pagemap-shmem-*.img >/dev/null 2>&1 || fail "off: shared memory is in the pre-dump"
[ "$(stored 1)" = 1024 ] || fail "off: the dump has $(stored 1) pages"
restored

start_target
! round pre-dump 2 - --shmem-compare maybe || fail "a way to compare that does not exist is accepted"

# Over RPC and in a configuration file.
for how in shmem_compare=SHMEM_COMPARE_OFF shmem_compare=SHMEM_COMPARE_HASH "config_file=$dir/options"; do
	rm -rf "$dir/3"
	mkdir "$dir/3"
	echo "shmem-compare hash" >"$dir/options"
	criu_log=$dir/3/criu.log
	pycriu=$(find "$usr"/lib* -type d -name pycriu | head -n 1)
	CRIU_LIBS_DIR=$plugins timeout -k 5 "$criu_seconds" "$here/rpc.py" "$criu" "${pycriu%/pycriu}" pre-dump "$pid" \
		"$dir/3" criu.log "$how" >"$dir/rpc.out" 2>&1 || fail "$how: $(cat "$dir/rpc.out")"
	tables=$(find "$dir/3" -name 'shmem-hashes-*' | wc -l)
	maps=$(find "$dir/3" -name 'pagemap-shmem-*.img' | wc -l)
	case $how in
	*OFF) [ "$tables $maps" = "0 0" ] || fail "$how: $tables tables of hashes, $maps maps of pages" ;;
	*) [ "$tables $maps" = "1 1" ] || fail "$how: $tables tables of hashes, $maps maps of pages" ;;
	esac
done
