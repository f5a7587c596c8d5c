# SPDX-License-Identifier: GPL-2.0
#
#   make                    fetch, patch and build everything, staged under build/root/usr
#   make deps               install what the build and the tests need (Debian; elsewhere: print it);
#                           DEPS="bench kernel": the groups of scripts/deps.txt that other targets ask for
#   make check              run all tests                 make demo    show it with a redis-server
#   make check-zdtm         CRIU's whole test suite, compared with CRIU as it is upstream; resumable
#   make check-sparse       programs in large address spaces: sanitizers and others, see CONTRIBUTING.md
#   make check-containers   runc, crun, podman and LXC; they are fetched, not installed
#   make check-migrate      move processes and containers between two hosts, and all that may go wrong
#   make demo-migrate       move a redis-server in a container under load, next to a full dump
#   make check-vm           the main tests on other kernels, in virtual machines; KERNEL=6.12: on one of them
#   make vm-run KERNEL=6.12 SCRIPT=FILE [ARGS=...] [LIMIT=SECONDS]   run a script there
#   make vm-shell KERNEL=6.12                                        a shell there
#   make kernel KERNEL=6.12 build a kernel with our patches (6.12-unpatched: without; ...-debug: that checks itself)
#   make check-kernel       defects of kernels: there without our patches, gone with them; see CONTRIBUTING.md
#   make check-kernel-selftests   the kernel's own tests of memory, without our patches and with them
#   make check-kernel-patches    each patch of a series compiles without the later ones
#   make bench              all benchmarks, then docs/benchmarks.md; make bench-quick: in three minutes
#   make bench-vm           those that need a kernel with soft-dirty, too; KERNEL=6.12
#   make install            to $(DESTDIR)$(PREFIX)        make uninstall
#   make arm64-sysroot      fetch Debian's libraries for arm64; then
#   make ARCH=aarch64 CROSS_COMPILE=aarch64-linux-gnu-    builds for it, staged under build/aarch64/root/usr
#   make check-arm64        tests there, on kernels with 4 and 16 KiB pages, in virtual machines
#   make refresh-patches    write criu-patches from the commits in build/criu, see CONTRIBUTING.md
#   make check-patches      build CRIU once for every patch of the series
#   make clean              remove what was built, keep downloads; make distclean removes those, too
#
#   CRIU_SRC=DIR|TARBALL    use this CRIU source instead of fetching it
#   PREFIX=/usr DESTDIR=    where to install; PREFIX is compiled in, so give it to "make" as well
#   SYSTEMD=yes|no          whether to install units of systemd; not set: where systemd is
#   V=1                     show commands

CRIU_VERSION	:= 4.2.1
PREFIX		?= /usr
DESTDIR		?=
CRIU_SRC	?=
V		?= 0
export CRIU_VERSION CRIU_SRC SYSTEMD

ifneq ($(findstring -arm64,$(KERNEL)),)
ifneq ($(shell uname -m),aarch64)
ARCH		:= aarch64
CROSS_COMPILE	:= aarch64-linux-gnu-
endif
endif
# What is built for another architecture has a directory of its own. Its bin has the tools that know the sysroot; CC and
# PKG_CONFIG in the environment or on the command line are taken instead.
ifneq ($(CROSS_COMPILE),)
$(if $(ARCH),,$(error CROSS_COMPILE needs ARCH, as CRIU names it))
build		:= $(CURDIR)/build/$(ARCH)
export ARCH CROSS_COMPILE
ifeq ($(origin CC),default)
CC		:= $(build)/bin/$(CROSS_COMPILE)gcc
endif
PKG_CONFIG	?= $(build)/bin/pkg-config
export CC PKG_CONFIG
else
build		:= $(CURDIR)/build
endif
obj		:= $(build)/obj/uffd-wp
criu		:= $(build)/criu
Q		:= $(if $(filter 1,$(V)),,@)
# As many jobs as there are processors, unless make was told otherwise (known in recipes only).
jobs		= $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
quiet		:= $(if $(Q),-s V=,V=1) --no-print-directory

plugin_outputs	:= $(addprefix $(obj)/,uffd_wp_plugin.so uffd-wp-keeper uffd-wpctl)
units		:= $(wildcard plugins/uffd-wp/systemd/*)
# The directory, too: a page may be gone.
man_sources	:= $(wildcard docs/man docs/man/*.adoc)

all: $(build)/root.staged

# Steps that find out themselves whether there is anything to do touch their target only if there was.
FORCE:

$(build)/deps.checked: scripts/deps.txt scripts/check-deps
	$(Q)scripts/check-deps build
	$(Q)mkdir -p $(@D) && touch $@

# PREFIX is compiled into these objects and passed on the command line, which make does not see change.
$(build)/prefix: FORCE | $(build)/deps.checked
	@echo '$(PREFIX)' | cmp -s - $@ || { \
		rm -rf $(obj) $(build)/criu.built $(criu)/criu/plugin.o $(criu)/criu/crtools.o; \
		echo '$(PREFIX)' >$@; }

$(build)/criu.series: FORCE | $(build)/deps.checked
	$(Q)scripts/criu-tree apply

# The time stamp is taken before the build: a file edited meanwhile is newer than it.
$(build)/criu.built: FORCE $(build)/criu.series $(build)/prefix
	$(Q)if scripts/criu-tree outdated $@; then \
		touch $@.new; \
		$(MAKE) -C $(criu) $(quiet) $(jobs) PYTHON=/usr/bin/python3 PLUGINDIR=$(PREFIX)/lib/criu criu lib crit && \
		mv $@.new $@; \
	fi

$(plugin_outputs) &: FORCE $(build)/criu.built
	$(Q)$(MAKE) -C plugins/uffd-wp $(quiet) $(jobs) CRIU=$(criu) O=$(obj) PREFIX=$(PREFIX) all

$(build)/root.staged: $(build)/criu.built $(plugin_outputs) $(units) $(man_sources) $(build)/prefix scripts/stage scripts/crit
	$(Q)scripts/stage $(PREFIX) $(obj)
	$(Q)touch $@

refresh-patches:
	$(Q)scripts/criu-tree refresh

check-patches: $(build)/criu.built
	$(Q)scripts/check-patches

deps:
	$(Q)scripts/install-deps $(DEPS)

check: all
	$(Q)scripts/check-deps build test
	$(Q)test/run

demo: all
	$(Q)scripts/check-deps build test
	$(Q)test/demo/run

include test/vm/vm.mk

include test/kernel/kernel.mk

include test/bench/bench.mk

include test/stress/stress.mk

include test/zdtm/zdtm.mk
include test/sparse/sparse.mk
include test/migrate/migrate.mk

include test/containers/containers.mk

install: all
	$(Q)scripts/install-root install $(DESTDIR)$(PREFIX)

uninstall:
	$(Q)scripts/install-root uninstall $(DESTDIR)$(PREFIX)

clean:
	$(Q)scripts/criu-tree remove
	$(Q)find $(build) -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +

distclean: clean
	$(Q)rm -rf $(build)

.PHONY: all FORCE refresh-patches check-patches deps check demo install uninstall clean distclean
.DELETE_ON_ERROR:
