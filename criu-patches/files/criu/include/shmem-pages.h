#ifndef __CR_SHMEM_PAGES_H__
#define __CR_SHMEM_PAGES_H__

#include <stdbool.h>
#include <stddef.h>

/* What becomes of the pages of a shared memory object in a dump; no I/O. */

enum shmem_page {
	SHMEM_PAGE_STORE,  /* in this image */
	SHMEM_PAGE_PARENT, /* left to the parent images, which have the same content */
	SHMEM_PAGE_HOLE,   /* no entry at all: zeros after a restore */
};

/* A part of an object. The caller's memory. */
struct shmem_part {
	const char *live; /* nr pages */
	const bool *same; /* nr: this page is as it is in the parent images */
	size_t nr;
	size_t page_size; /* bytes */
	bool zeros_are_holes;
};

/* Pages in a row, [first, first + nr). */
struct shmem_run {
	size_t first, nr;
	enum shmem_page what;
};

/*
 * Compares nr pages. stored: what the parent images have, where has[] says that they have the page. Whatever else is known
 * about an object, its content decides.
 */
extern void shmem_compare_pages(const char *live, const char *stored, const bool *has, size_t nr, size_t page_size,
				bool *same);

/* The longest run from page first on. False at the end of the part. */
extern bool shmem_next_run(const struct shmem_part *part, size_t first, struct shmem_run *run);

#endif /* __CR_SHMEM_PAGES_H__ */
