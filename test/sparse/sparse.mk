# SPDX-License-Identifier: GPL-2.0
# Large address spaces; included by the Makefile. SPARSE="--only '*TSan*' ..." are options of test/sparse/run.

check-sparse: all
	$(Q)scripts/check-deps build test
	$(Q)test/sparse/run $(SPARSE)

# Next to CRIU without our patches.
bench-sparse: all
	$(Q)scripts/check-deps build test
	$(Q)test/sparse/run --stock $(SPARSE)

# Writes the tables of the last run into docs/sparse.md.
sparse-report:
	$(Q)scripts/insert-tables build/test/sparse/table.md docs/sparse.md

.PHONY: check-sparse bench-sparse sparse-report
