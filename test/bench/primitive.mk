# SPDX-License-Identifier: GPL-2.0
# make -f test/bench/primitive.mk O=DIR: builds DIR/primitive, with the product's own scan and protection.

here := $(dir $(lastword $(MAKEFILE_LIST)))
src  := $(here)../../plugins/uffd-wp
CC     ?= gcc
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -iquote $(src)

sources := $(here)primitive.c $(here)primitive-target.c $(here)primitive-trackers.c $(src)/guards.c $(src)/scan.c $(src)/wp.c

$(O)/primitive: $(sources) $(wildcard $(here)primitive*.h $(src)/*.h) $(here)primitive.mk
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $(sources)
