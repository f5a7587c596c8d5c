# SPDX-License-Identifier: GPL-2.0
# Shared memory; included by the Makefile. SHARED="--mib N ..." and POSTGRES="--compare hash ..." are options of the programs.

bench-shared: all
	$(Q)scripts/check-deps build test
	$(Q)test/bench/shared $(SHARED)

bench-postgres: all
	$(Q)scripts/check-deps build test bench
	$(Q)test/bench/postgres $(POSTGRES)

.PHONY: bench-shared bench-postgres
