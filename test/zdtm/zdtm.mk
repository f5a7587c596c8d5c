# SPDX-License-Identifier: GPL-2.0
# CRIU's whole test suite, compared with CRIU as it is upstream; included by the Makefile. ZDTM="--only ..." are more
# options, see test/zdtm/compare --help.

check-zdtm: all
	$(Q)scripts/check-deps build test
	$(Q)test/zdtm/compare $(ZDTM)

.PHONY: check-zdtm
