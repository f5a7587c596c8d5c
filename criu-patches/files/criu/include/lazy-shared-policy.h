#ifndef __CR_LAZY_SHARED_POLICY_H__
#define __CR_LAZY_SHARED_POLICY_H__

#include <stdbool.h>
#include <stdint.h>

/*
 * Of which shared memory objects a lazy restore may leave pages to the lazy-pages daemon; no I/O.
 *
 * A page that is still to come is a hole. Who gets there without a fault that the daemon hears of takes it for zeros,
 * or makes a page. So all ways to the object have to be mappings that can be registered with a userfaultfd.
 */

/* What the images say about an object. */
struct lazy_shared_object {
	uint64_t size; /* bytes */
	bool is_open; /* by a task, in a message on its way to one, or by whoever starts the restore */
	bool is_huge; /* of hugetlbfs */
	bool is_sealed; /* more than that it can't be sealed */
	unsigned long nr_mappings; /* lazy_shared_map() counts them, and says what is wrong with one of them */
	const char *mapping;
};

/* One more mapping: flags as of mmap(2), access mode of the open file, a bit for each advice of madvise(2). */
extern void lazy_shared_map(struct lazy_shared_object *object, int flags, int access, uint64_t advice);

/* NULL: its pages may come later. Otherwise why not. */
extern const char *lazy_shared_objection(const struct lazy_shared_object *object, uint64_t page_size);

/*
 * Whether memory that nobody asked for may be made in huge pages, by what the file shmem_enabled says. These would fill
 * the holes.
 */
extern bool lazy_shared_huge_pages(const char *shmem_enabled);

#endif /* __CR_LAZY_SHARED_POLICY_H__ */
