#ifndef __CR_LAZY_SHARED_H__
#define __CR_LAZY_SHARED_H__

#include <stdbool.h>
#include <stdint.h>

#include "int.h"
#include "common/list.h"
#include "pagemap.h"

/*
 * Pages of shared memory objects in the lazy-pages daemon.
 *
 * The daemon maps each object itself, and puts its pages there, through a userfaultfd of its own: what is mapped where
 * by which task makes no difference then. Where a fault is in the object is looked up in lists of what each address
 * space maps. These are kept up to date by events, as far as there are any, and are hints: if a list is wrong all pages
 * are waited for, and nothing is put in a wrong place. Addresses, lengths and offsets are in bytes, ranges half-open.
 */

/* Whether pages of an object are left to the daemon by the entry of its page map. */
static inline bool lazy_shared_left(PagemapEntry *pe, bool lazy_parents)
{
	return lazy_parents || !pagemap_in_parent(pe);
}

/* Whether this kernel answers as the daemon needs it: tells holes of objects from private memory. */
extern bool lazy_shared_works(void);

/* In the restore: sends mappings, each with a descriptor of its object. */
struct lazy_shared_mapping {
	uint64_t start, end;
	uint64_t offset; /* in the object */
	uint64_t shmid; /* of the object, in the images */
};

extern int lazy_shared_send(int sock, const struct lazy_shared_mapping *mapping, int fd);

/* In the daemon: receives one, and adds it to the mappings of an address space. */
extern int lazy_shared_recv(int sock, bool lazy_parents, struct list_head *mappings);

/* What events say. They change mappings, never objects. */
extern int lazy_shared_fork(struct list_head *parent, struct list_head *child);
extern int lazy_shared_unmap(struct list_head *mappings, uint64_t start, uint64_t len);
extern int lazy_shared_remap(struct list_head *mappings, uint64_t from, uint64_t to, uint64_t len);
extern void lazy_shared_free(struct list_head *mappings);

/* Is there a page still to come, of any object? */
extern bool lazy_shared_pending(void);

/*
 * Sees to it that the page at this address is in the object. 1: it is now; 0: it is not known which one that is, or it
 * is not one that is left to us.
 */
extern int lazy_shared_bring(struct list_head *mappings, uint64_t address);

/*
 * The object has a hole at this address: makes it a page of zeros. 1: it is one now; 0: it is not known where that is,
 * or there is a page, so it is somewhere else.
 */
extern int lazy_shared_zero(struct list_head *mappings, uint64_t address);

/* The next run of pages, in the background: 1; 0 if there are none. */
extern int lazy_shared_transfer(void);

/* All there are. */
extern int lazy_shared_finish(void);

#endif /* __CR_LAZY_SHARED_H__ */
