/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fixed range of addresses in which pages are mapped, unmapped, protected,
 * dropped and moved one by one and in runs: anonymous memory, or a private
 * mapping of a file that is cut and rewritten meanwhile.
 */
#ifndef STRESS_ARENA_H
#define STRESS_ARENA_H

#include "pages.h"

#define ARENA_PAGES 512 /* 2 MiB: one huge page */

struct arena {
	struct region *r;
	bool is_file;
	char path[32];
	unsigned char prot[ARENA_PAGES];
	uint64_t file_tags[ARENA_PAGES]; /* content of the file */
	bool copied[ARENA_PAGES];	 /* the page is ours and not the file's any more */
	size_t window;			 /* pages worked on for a while, so that others stay clean */
};

/* path: of the file, NULL for anonymous memory. Everything is mapped and written. */
void arena_init(struct arena *a, struct author *author, const char *name, const char *path);

/* In a forked process: takes a file of its own, because the parent goes on changing the old one. */
void arena_new_file(struct arena *a, struct author *author, const char *path);

/* One random operation. */
void arena_operate(struct arena *a, struct author *author);

/* Checks all pages that can be read, by reading them. */
void arena_check(const struct arena *a);

/* Writes pages without changing the mappings: for children, which have to be quick. */
void arena_write_some(struct arena *a, struct author *author, size_t nr);

#endif /* STRESS_ARENA_H */
