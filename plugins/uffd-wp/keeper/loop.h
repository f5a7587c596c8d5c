/* SPDX-License-Identifier: GPL-2.0 */
/* The event loop: descriptors that become readable. One thread, one loop. */
#ifndef UFFD_WP_KEEPER_LOOP_H
#define UFFD_WP_KEEPER_LOOP_H

#include <stddef.h>
#include <stdint.h>

struct source {
	int fd;
	void (*ready)(struct source *source); /* readable, or hung up; may remove any source, this one too */
};

#define source_container(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* 0 or -errno. */
int loop_init(void);

/* The source's memory and descriptor stay the caller's. 0 or -errno. */
int loop_add(struct source *source);

/* Before the descriptor is closed: whoever sent us a descriptor may hold it open, and it would stay watched. */
void loop_remove(struct source *source);

/* Waits for one source and calls it. timeout_ms: -1 for ever. 0 (timed out, too) or -errno. */
int loop_wait(int timeout_ms);

/* Milliseconds since boot, time of suspension included. */
uint64_t now_ms(void);

#endif /* UFFD_WP_KEEPER_LOOP_H */
