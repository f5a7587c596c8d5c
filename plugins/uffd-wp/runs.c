// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "runs.h"

#define FIRST_CAPACITY 1024

static int reserve_one(struct run_list *list)
{
	struct cr_mem_run *runs;
	size_t capacity;

	if (list->nr < list->capacity)
		return 0;

	capacity = list->capacity ? list->capacity * 2 : FIRST_CAPACITY;
	runs = reallocarray(list->runs, capacity, sizeof(*runs));
	if (!runs)
		return -ENOMEM;

	list->runs = runs;
	list->capacity = capacity;
	return 0;
}

int run_list_add(struct run_list *list, uint64_t start, uint64_t end, uint32_t flags)
{
	uint64_t nr_pages = (end - start) / list->page_size;
	struct cr_mem_run *last = list->nr > list->sealed ? &list->runs[list->nr - 1] : NULL;

	if (last && last->flags == flags && last->start + last->nr_pages * list->page_size == start) {
		last->nr_pages += nr_pages;
		return 0;
	}

	if (reserve_one(list))
		return -ENOMEM;

	list->runs[list->nr++] = (struct cr_mem_run){ .start = start, .nr_pages = nr_pages, .flags = flags };
	return 0;
}

void run_list_seal(struct run_list *list)
{
	list->sealed = list->nr;
}

void run_list_rewind(struct run_list *list)
{
	list->nr = list->sealed;
}

void run_list_clear(struct run_list *list)
{
	list->nr = list->sealed = 0;
}

void run_list_free(struct run_list *list)
{
	free(list->runs);
	list->runs = NULL;
	list->nr = list->sealed = list->capacity = 0;
}
