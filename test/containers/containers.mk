# SPDX-License-Identifier: GPL-2.0
# Container runtimes; included by the Makefile. CONTAINERS="--only 'runc/*' ..." are options of test/containers/run.

check-containers: all
	$(Q)scripts/check-deps build test containers
	$(Q)test/containers/run $(CONTAINERS)

.PHONY: check-containers
