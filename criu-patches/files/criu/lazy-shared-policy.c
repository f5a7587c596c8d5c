#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>

#include "lazy-shared-policy.h"

void lazy_shared_map(struct lazy_shared_object *object, int flags, int access, uint64_t advice)
{
	object->nr_mappings++;

	if (!(flags & MAP_SHARED))
		object->mapping = "it has a private mapping";
	else if ((access & O_ACCMODE) != O_RDWR)
		object->mapping = "it has a mapping that can't be made writable";
	else if (flags & MAP_LOCKED)
		object->mapping = "it has a locked mapping";
	else if (advice & (1ULL << MADV_HUGEPAGE))
		object->mapping = "it has a mapping that is to have huge pages";
}

const char *lazy_shared_objection(const struct lazy_shared_object *object, uint64_t page_size)
{
	if (object->is_huge)
		return "it is made of huge pages";
	if (object->is_open)
		return "it is open";
	if (object->is_sealed)
		return "it is sealed";
	if (!object->nr_mappings)
		return "it is not mapped";
	if (object->mapping)
		return object->mapping;
	if (!object->size || object->size % page_size)
		return "it is not a whole number of pages";
	if (object->size / page_size > INT_MAX)
		return "it has more pages than can be counted";

	return NULL;
}

bool lazy_shared_huge_pages(const char *shmem_enabled)
{
	return !strstr(shmem_enabled, "[never]") && !strstr(shmem_enabled, "[deny]");
}
