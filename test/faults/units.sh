#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The units of systemd are valid where they get installed, agree with the keeper, and allow it what it needs.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze"
units=$usr/lib/systemd/system
[ -r "$units/uffd-wp-keeper.service" ] || fail "the units are not staged"

# The value of a setting in the service.
setting()
{
	sed -n "s/^$1=//p" "$units/uffd-wp-keeper.service"
}

mount -t overlay -o "lowerdir=$usr:/usr" overlay /usr || skip "no overlay file system"
installed=/usr/lib/systemd/system/uffd-wp-keeper
said=$(SYSTEMD_LOG_LEVEL=warning timeout 60 systemd-analyze verify --man=no $installed.{socket,service} 2>&1) ||
	fail "systemd-analyze: $said"
! grep uffd-wp <<<"$said" || fail "systemd-analyze is not content"

[ -x "$(setting ExecStart | cut -d ' ' -f 1)" ] || fail "no keeper at $(setting ExecStart)"
grep -q "^ListenSequentialPacket=$socket$" "$units/uffd-wp-keeper.socket" || fail "not the plugin's socket"
slots=$(sed -n 's/^#define SLOTS[[:space:]]*//p' "$top/plugins/uffd-wp/keeper/store.c")
[ "$(setting FileDescriptorStoreMax)" = $((2 * slots + 1)) ] || fail "FileDescriptorStoreMax is not for $slots tasks"

# With no other rights than the service has.
caps=$(setting CapabilityBoundingSet | tr '[:upper:]' '[:lower:]')
confined=/run/uffd-wp-keeper
cat >$confined <<END
#!/bin/sh
exec unshare --net setpriv --no-new-privs --bounding-set="-all,+${caps#cap_}" $keeper "\$@"
END
chmod 755 $confined
"$here/manager.py" $confined "$socket" >"$logs/manager.log" 2>&1 &
until [ -S "$socket" ]; do sleep 0.01; done

start_subject
pre_dump 0 - || fail "pre-dump"
grep -q 'CapEff:	0000000000080000' "/proc/$(keepers)/status" || fail "the keeper has other capabilities"
order step
# It has noticed that criu is gone, and has listener and manager left.
until [ "$(find "/proc/$(keepers)/fd" -lname 'socket:*' | wc -l)" = 2 ]; do sleep 0.01; done
kill -KILL "$(keepers)"
last_dump 1 0
is_incremental 1
restore_and_check 1
