#include <string.h>

#include "shmem-pages.h"

void shmem_compare_pages(const char *live, const char *stored, const bool *has, size_t nr, size_t page_size, bool *same)
{
	size_t i;

	for (i = 0; i < nr; i++)
		same[i] = has[i] && !memcmp(live + i * page_size, stored + i * page_size, page_size);
}

static bool is_zero(const char *page, size_t len)
{
	return !page[0] && !memcmp(page, page + 1, len - 1);
}

static enum shmem_page decide(const struct shmem_part *part, size_t i)
{
	if (part->same[i])
		return SHMEM_PAGE_PARENT;

	return part->zeros_are_holes && is_zero(part->live + i * part->page_size, part->page_size) ? SHMEM_PAGE_HOLE :
												      SHMEM_PAGE_STORE;
}

bool shmem_next_run(const struct shmem_part *part, size_t first, struct shmem_run *run)
{
	size_t i;

	if (first >= part->nr)
		return false;

	run->first = first;
	run->what = decide(part, first);
	for (i = first + 1; i < part->nr && decide(part, i) == run->what; i++)
		;
	run->nr = i - first;
	return true;
}
