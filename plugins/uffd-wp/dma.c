// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dma.h"
#include "fds.h"

static FILE *open_proc_file(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

/* In doubt: when it can't be read, and the task is not gone. */
static bool in_doubt(void)
{
	return errno != ENOENT && errno != ESRCH;
}

/* Registered io_uring buffers, RDMA and the like. */
static bool has_pinned_memory(pid_t pid)
{
	FILE *f = open_proc_file(pid, "status");
	unsigned long kib = 0;
	char line[256];

	if (!f)
		return in_doubt();

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmPin: %lu", &kib) == 1)
			break;

	fclose(f);
	return kib > 0;
}

static bool has_aio_ring(pid_t pid)
{
	FILE *f = open_proc_file(pid, "maps");
	bool found = false;
	char *line = NULL;
	size_t size = 0;

	if (!f)
		return in_doubt();

	while (!found && getline(&line, &size, f) > 0)
		found = strstr(line, " /[aio]") != NULL;

	free(line);
	fclose(f);
	return found;
}

const char *dma_possible(pid_t pid)
{
	struct fd_facts fds;

	if (has_pinned_memory(pid))
		return "pinned memory";
	/* Whether it has O_DIRECT descriptors does not matter: I/O outlives the close(2) of its descriptor. */
	if (has_aio_ring(pid))
		return "an aio ring";

	fds_look(pid, &fds);
	if (fds.io_uring)
		return "an io_uring";
	return NULL;
}
