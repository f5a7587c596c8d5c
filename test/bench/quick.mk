# SPDX-License-Identifier: GPL-2.0
# make -f test/bench/quick.mk O=DIR CRIU=DIR: builds DIR/quick-policy of the plugin's own policy.c and runs.c.

here := $(dir $(lastword $(MAKEFILE_LIST)))
src  := $(here)../../plugins/uffd-wp
CRIU ?= $(here)../../build/criu
CC   ?= gcc
# Fixed: instructions are compared with those of other machines.
flags := -O2 -g -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE \
	 $(shell pkg-config --cflags libprotobuf-c) -iquote $(src) \
	 -iquote $(CRIU)/include -iquote $(CRIU)/criu/include -iquote $(CRIU)

sources := $(here)quick-policy.c $(src)/policy.c $(src)/runs.c

$(O)/quick-policy: $(sources) $(wildcard $(src)/*.h) $(here)quick.mk
	@mkdir -p $(@D)
	$(CC) $(flags) -o $@ $(sources)
