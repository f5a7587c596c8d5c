# SPDX-License-Identifier: GPL-2.0
# Kernels built with kernel-patches, and tests of them; included by the Makefile.

# KERNEL: a name of kernel-patches/kernels, or such a name with -unpatched, -patched-debug or -unpatched-debug.
kernel: $(build)/deps.checked
	$(call need,KERNEL)
	$(Q)scripts/check-deps kernel
	$(Q)test/vm/build-kernel $(if $(findstring patched,$(KERNEL)),$(KERNEL),$(KERNEL)-patched)

# CHECK_KERNEL: options of test/kernel/check
check-kernel: $(build)/deps.checked
	$(Q)scripts/check-deps build kernel vm
	$(Q)test/kernel/check $(CHECK_KERNEL) $(KERNEL)

# One kernel at most, and none as long as nothing changed.
check-kernel-changed: $(build)/deps.checked
	$(Q)scripts/check-deps build kernel vm
	$(Q)test/kernel/check-changed

# SELFTESTS: options of test/kernel/selftests
check-kernel-selftests: $(build)/deps.checked
	$(Q)scripts/check-deps build kernel vm
	$(Q)test/kernel/selftests $(SELFTESTS) $(KERNEL)

check-kernel-abi: $(build)/deps.checked
	$(call need,KERNEL)
	$(Q)scripts/check-deps build kernel vm
	$(Q)test/kernel/abi/check $(KERNEL)

check-kernel-patches: $(build)/deps.checked
	$(call need,KERNEL)
	$(Q)scripts/check-deps kernel
	$(Q)test/kernel/check-patches $(KERNEL)

.PHONY: kernel check-kernel check-kernel-abi check-kernel-changed check-kernel-patches check-kernel-selftests
