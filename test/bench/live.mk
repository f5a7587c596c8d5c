# SPDX-License-Identifier: GPL-2.0
# Pre-dumps of a target that goes on; included by the Makefile. LIVE="--only gap ..." are options of test/bench/live.

bench-live: all
	$(Q)scripts/check-deps build test
	$(Q)test/bench/live $(LIVE)

.PHONY: bench-live
