# SPDX-License-Identifier: GPL-2.0
# Post-copy after pre-copy; included by the Makefile. POSTCOPY="--mib N ..." are options of test/bench/postcopy.

bench-postcopy: all
	$(Q)scripts/check-deps build test
	$(Q)test/bench/postcopy $(POSTCOPY)

.PHONY: bench-postcopy
