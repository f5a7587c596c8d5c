// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proc.h"
#include "../scan.h"
#include "vmas.h"

int open_pagemap(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

static int add(struct vmas *vmas, const struct vma *vma)
{
	struct vma *grown;

	/* Doubled at each power of two. */
	if (!(vmas->nr & (vmas->nr - 1))) {
		grown = reallocarray(vmas->vma, vmas->nr ? vmas->nr * 2 : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		vmas->vma = grown;
	}

	vmas->vma[vmas->nr++] = *vma;
	vmas->bytes += vma->end - vma->start;
	return 0;
}

/* One line of /proc/PID/maps, proc_pid_maps(5). */
static bool parse_line(const char *line, struct vma *vma)
{
	uint64_t inode;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %" SCNu64, &vma->start, &vma->end, &inode) != 3)
		return false;

	vma->file = inode != 0;
	return true;
}

static int add_if_tracked(struct vmas *vmas, int pagemap, const struct vma *vma)
{
	int ret = scan_is_wp_async(pagemap, vma->start, vma->end);

	return ret > 0 ? add(vmas, vma) : ret;
}

int vmas_read_tracked(pid_t pid, int pagemap, struct vmas *vmas)
{
	char *line = NULL;
	struct vma vma;
	size_t size = 0;
	FILE *maps;
	int ret = 0;

	memset(vmas, 0, sizeof(*vmas));
	maps = proc_fopen(pid, "maps");
	if (!maps)
		return errno == ENOENT ? -ESRCH : -errno;

	while (!ret && getline(&line, &size, maps) > 0)
		/* vsyscall lies beyond what user space can have, and PAGEMAP_SCAN refuses it. */
		if (parse_line(line, &vma) && !strstr(line, "[vsyscall]"))
			ret = add_if_tracked(vmas, pagemap, &vma);

	free(line);
	fclose(maps);
	if (ret)
		vmas_free(vmas);
	return ret;
}

void vmas_free(struct vmas *vmas)
{
	free(vmas->vma);
	memset(vmas, 0, sizeof(*vmas));
}
