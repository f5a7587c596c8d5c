/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A growing, sorted list of page runs. Addresses are bytes, page-aligned.
 */
#ifndef UFFD_WP_RUNS_H
#define UFFD_WP_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "criu-api.h"

struct run_list {
	struct cr_mem_run *runs;
	size_t nr;
	size_t capacity;
	size_t sealed; /* runs before this index are final */
	uint64_t page_size; /* bytes */
};

/*
 * Appends [start, end), which must not lie before the end of the last run.
 * Joins it with the last run where both touch and have the same flags.
 * 0 or -ENOMEM.
 */
int run_list_add(struct run_list *list, uint64_t start, uint64_t end, uint32_t flags);

/* Makes all runs so far final: later ones are not joined with them. */
void run_list_seal(struct run_list *list);

/* Forgets all runs that are not final. */
void run_list_rewind(struct run_list *list);

/* Forgets all runs. */
void run_list_clear(struct run_list *list);

void run_list_free(struct run_list *list);

#endif /* UFFD_WP_RUNS_H */
