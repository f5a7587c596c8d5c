# SPDX-License-Identifier: GPL-2.0
# Benchmarks; included by the Makefile. Results go to build/bench, the report to docs/benchmarks.md.

# In this order: what is most sensitive to a machine that is warm or full comes first.
benchmarks := primitive iterations final growth accuracy slowdown
bench_deps = $(Q)scripts/check-deps build test bench

# One after the other, whatever -j says.
bench: all
	$(bench_deps)
	$(Q)set -e; for b in $(benchmarks); do echo "== $$b"; test/bench/$$b; done
	$(Q)status=0; test/bench/quick || status=$$?; test/bench/report; exit $$status

# To see that they work: small and few, results in build/bench/quick.
bench-try: all
	$(bench_deps)
	$(Q)set -e; for b in iterations final growth slowdown; do echo "== $$b"; test/bench/$$b --quick; done

$(addprefix bench-,$(benchmarks)): bench-%: all
	$(bench_deps)
	$(Q)test/bench/$*

# The ratios that matter, next to what is expected.
bench-quick: all
	$(bench_deps)
	$(Q)test/bench/quick

# Next to soft-dirty, in a virtual machine whose kernel has both. Emulated: small sizes, only ratios mean something.
bench-vm: all
	$(bench_deps)
	$(Q)scripts/check-deps vm
	$(Q)test/bench/vm $(or $(KERNEL),6.12)

# docs/benchmarks.md from what build/bench has.
bench-report:
	$(Q)scripts/check-deps bench
	$(Q)test/bench/report

include test/bench/live.mk
include test/bench/shared.mk
include test/bench/postcopy.mk

# What a tracked pre-dump costs the target, next to a full dump; prints a table.
bench-frozen: all
	$(Q)test/bench/frozen

# Whether UFFDIO_MOVE of whole huge pages would make restores faster; prints a table. MOVE="--mib N" are its options.
bench-move: all
	$(Q)test/bench/move $(MOVE)

.PHONY: bench bench-try $(addprefix bench-,$(benchmarks)) bench-quick bench-vm bench-report bench-frozen bench-move
