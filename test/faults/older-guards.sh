#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Linux 6.13 and 6.14 have guard regions, but PAGEMAP_SCAN does not tell them from swapped pages. They are found by
# their swap entries. Who can't see these is told that dumps of tasks with guards fail, and they do.

# shellcheck source=test/faults/lib.sh
. "$(dirname "$0")/lib.sh"

# FEATURES OPTION...: runs the chain tests of guards with a criu that lacks them.
chain()
{
	local criu_without=$logs/criu

	printf '#!/bin/sh\nLD_PRELOAD=%q OLDER_KERNEL=%q exec %q "$@"\n' "$obj/older-kernel.so" "$1" "$criu" >"$criu_without"
	chmod +x "$criu_without"
	timeout "$((100 * factor))" "$top/test/chain/run" --criu "$criu_without" --logs "$logs/chain" --seed "$seed" \
		--only 'chain/guard (*)' --only 'chain/guard-many (*)' --obj "$top/build/obj/test-chain" "${@:2}" \
		>"$logs/chain.log" 2>&1
}

chain report-guards || fail "guards of such a kernel are not kept: $(grep ^fail "$logs/chain.log")"
chain report-guards --stock ||
	fail "a plain dump does not keep guards of such a kernel: $(grep ^fail "$logs/chain.log")"
if grep -q ^skip "$logs/chain.log"; then
	skip "the kernel has no guard regions"
fi

! chain report-guards,swap-entries || fail "a dump of guards that nobody can tell succeeded"
grep -q 'CRIU dump will fail if dumped processes use madvise(MADV_GUARD_INSTALL)' "$logs"/chain/guard-many-*/*.log ||
	fail "the log does not say why"
! grep -q ^pass "$logs/chain.log" ||
	fail "some dump of guards that nobody can tell succeeded: $(grep ^pass "$logs/chain.log")"
