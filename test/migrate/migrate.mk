# SPDX-License-Identifier: GPL-2.0
# Moving processes and containers; included by the Makefile. MIGRATE="--only ..." and DEMO="--no-stock ..." are
# options of test/migrate/run and test/migrate/demo.

check-migrate: all
	$(Q)scripts/check-deps build test migrate
	$(Q)test/migrate/run $(MIGRATE)

demo-migrate: all
	$(Q)scripts/check-deps build test migrate
	$(Q)test/migrate/demo $(DEMO)

.PHONY: check-migrate demo-migrate
