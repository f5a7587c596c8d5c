# SPDX-License-Identifier: GPL-2.0
# The long stress test; included by the Makefile. STRESS="--seed N ..." are more options, see test/stress/run --help.

check-stress: all
	$(Q)scripts/check-deps build test
	$(Q)test/stress/run --seeds 20 --iterations 200 $(STRESS)
	$(Q)test/stress/shared --seeds 10 --rounds 50

.PHONY: check-stress
