// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dma.h"
#include "proc.h"

/* Registered io_uring buffers, RDMA and the like. */
static bool has_pinned_memory(pid_t pid)
{
	FILE *f = proc_fopen(pid, "status");
	unsigned long kib = 0;
	char line[256];

	if (!f)
		return proc_in_doubt();

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmPin: %lu", &kib) == 1)
			break;

	fclose(f);
	return kib > 0;
}

static bool has_aio_ring(pid_t pid)
{
	FILE *f = proc_fopen(pid, "maps");
	bool found = false;
	char *line = NULL;
	size_t size = 0;

	if (!f)
		return proc_in_doubt();

	while (!found && getline(&line, &size, f) > 0)
		found = strstr(line, " /[aio]") != NULL;

	free(line);
	fclose(f);
	return found;
}

const char *dma_possible(pid_t pid, const struct fd_facts *fds)
{
	if (has_pinned_memory(pid))
		return "pinned memory";
	/* Whether it has O_DIRECT descriptors does not matter: I/O outlives the close(2) of its descriptor. */
	if (has_aio_ring(pid))
		return "an aio ring";
	return fds->io_uring ? "an io_uring" : NULL;
}
