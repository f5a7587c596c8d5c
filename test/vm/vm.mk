# SPDX-License-Identifier: GPL-2.0
# Virtual machines with other kernels, see test/vm/kernels; included by the Makefile. The name of a kernel of another
# architecture sets ARCH and CROSS_COMPILE.

vm_deps = $(Q)scripts/check-deps build test vm $(if $(CROSS_COMPILE),arm64)
arm64 = ARCH=aarch64 CROSS_COMPILE=aarch64-linux-gnu-
# With pages of 4 and 16 KiB
arm64_kernels = 6.12-arm64 6.12-arm64-16k 7.x-arm64
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

check-arm64: arm64-sysroot
	$(Q)$(MAKE) $(arm64) check-vm KERNEL="$(arm64_kernels)"

check-arm64-short: arm64-sysroot
	$(Q)$(MAKE) $(arm64) check-vm-short KERNEL="6.12-arm64 6.12-arm64-16k"

# Puts what the last runs on these kernels showed into docs/architectures.md.
arm64-report:
	$(Q)test/vm/report $(arm64_kernels) >build/test/vm/table.md
	$(Q)scripts/insert-tables build/test/vm/table.md docs/architectures.md

arm64-sysroot:
	$(Q)scripts/check-deps arm64
	$(Q)$(arm64) scripts/make-sysroot

check-vm-short: all
	$(vm_deps)
	$(Q)test/vm/check --short $(KERNEL)

.PHONY: arm64-report arm64-sysroot check-arm64 check-arm64-short vm vm-shell vm-run check-vm check-vm-short
