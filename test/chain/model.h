/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the memory of a subject must hold.
 *
 * A region is a range of pages; each page has a tag, and its content is a
 * function of tag and seed. The first word of a page is its tag, and a tag
 * says in which step it was made, so a wrong page tells which stale content it
 * holds. Tags move with the pages (mremap), and a page that the kernel must
 * have dropped gets TAG_ZERO.
 */
#ifndef CHAIN_MODEL_H
#define CHAIN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define TAG_ZERO     0ULL	  /* reads as zeros */
#define TAG_UNMAPPED (~0ULL)	  /* not mapped: not looked at */
#define TAG_GUARD    (~0ULL - 1)  /* must not be readable */
#define TAG_OR_ZERO  (1ULL << 63) /* content of the tag, or zeros (MADV_FREE) */
#define TAG_NOT_OURS (1ULL << 62) /* content of the page cache: not in private page images */

extern uint64_t model_seed; /* set before any other call; content depends on it */
extern size_t page_size;    /* bytes; set before any other call */

struct region {
	const char *name;
	char *start; /* page-aligned */
	size_t nr_pages;
	size_t max_pages; /* how far nr_pages may grow; the table of tags has room for them */
	uint64_t *tags;
	bool shared; /* do not expect its pages in the private page images */
	bool file;   /* private mapping of a file: not tracked, and in the last dump only */
	bool huge;   /* private mapping of huge pages: only plugins track it */
};

/* A region for memory that the caller mapped. Regions may not overlap. Tags start as TAG_ZERO. */
struct region *region_add(const char *name, void *start, size_t nr_pages, size_t max_pages);

/* Maps anonymous private memory with the flags added, far away from every other region. */
struct region *region_map(const char *name, size_t nr_pages, int prot, int flags);

/* An address with room for len bytes behind it, a multiple of 4 GiB, far away from everything. */
char *region_place(size_t len);

/* Splits: pages from page on become a region of their own. */
struct region *region_split(struct region *r, const char *name, size_t page);

/* Joins b, which must follow a directly in memory; b must not be used again. */
void region_join(struct region *a, struct region *b);

/* Forgets the region; the memory stays. */
void region_forget(struct region *r);

/* Forgets every region (a new mm). */
void regions_reset(void);

static inline size_t region_bytes(const struct region *r)
{
	return r->nr_pages * page_size;
}

char *region_page(const struct region *r, size_t page);

/* A new tag for the page, of the current step; the content is the caller's to store. */
uint64_t page_retag(struct region *r, size_t page);

/* Whether the current step wrote the page. */
bool page_is_new(const struct region *r, size_t page);

/* Fills buf (one page) with the content of the tag. */
void page_fill(void *buf, uint64_t tag);

/* Writes new content with ordinary stores. */
void page_write(struct region *r, size_t page);
void pages_write(struct region *r, size_t first, size_t nr);

/* Sets the tags of [first, first + nr). */
void pages_set(struct region *r, size_t first, size_t nr, uint64_t tag);

/* Writes nr different pages out of [first, first + of), picked at random. */
void pages_write_some(struct region *r, size_t first, size_t of, size_t nr);

/* Touches for reading. */
void pages_read(const struct region *r, size_t first, size_t nr);

/* Writes the model of the calling process to model.PID; fail()s on errors. */
void model_save(void);

/* Compares the memory of the calling process with model.PID; fail()s at the first difference. */
void model_check(void);

/* Emits "must be in this image" for every page that the current step wrote, and what holds for pages of files. */
void model_expect_written(void);

/* Pages of [start, start + len) bytes that have content of their own (PAGEMAP_SCAN: present or swapped). */
size_t count_populated(const void *start, size_t len);

#endif /* CHAIN_MODEL_H */
