# SPDX-License-Identifier: GPL-2.0
# Virtual machines with other kernels, see test/vm/kernels; included by the Makefile.

vm_deps = $(Q)scripts/check-deps build test vm
need = $(foreach v,$(1),$(if $($(v)),,$(error $(v)= is not set)))

vm: all
	$(call need,KERNEL)
	$(vm_deps)
	$(Q)test/vm/prepare $(KERNEL)

vm-shell: all
	$(call need,KERNEL)
	$(vm_deps)
	$(Q)test/vm/run --shell $(KERNEL)

vm-run: all
	$(call need,KERNEL SCRIPT)
	$(vm_deps)
	$(Q)test/vm/run $(if $(LIMIT),--seconds $(LIMIT)) $(KERNEL) $(SCRIPT) $(ARGS)

check-vm: all
	$(vm_deps)
	$(Q)test/vm/check $(KERNEL)

check-vm-short: all
	$(vm_deps)
	$(Q)test/vm/check --short $(KERNEL)

.PHONY: vm vm-shell vm-run check-vm check-vm-short
