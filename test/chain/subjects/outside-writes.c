// SPDX-License-Identifier: GPL-2.0
/*
 * Other tasks write into the target's memory: process_vm_writev, /proc/PID/mem
 * (into a read-only mapping, as a debugger does) and PTRACE_POKEDATA. The target
 * runs nothing and takes no fault itself.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../subject.h"
#include "../worker.h"

#define NR_PAGES 64

static struct region *area;
static char page[65536];
static size_t target; /* page number */

static int by_process_vm_writev(void *arg)
{
	struct iovec local = { page, page_size }, remote = { region_page(area, target), page_size };

	(void)arg;
	return process_vm_writev(getppid(), &local, 1, &remote, 1, 0) != (ssize_t)page_size;
}

static int by_proc_mem(void *arg)
{
	char path[32];
	int fd;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/%d/mem", getppid());
	fd = open(path, O_WRONLY);
	return pwrite(fd, page, page_size, (uintptr_t)region_page(area, target)) != (ssize_t)page_size;
}

static int by_ptrace(void *arg)
{
	char *to = region_page(area, target);
	pid_t parent = getppid();
	size_t i;

	(void)arg;
	if (ptrace(PTRACE_SEIZE, parent, 0, 0) || ptrace(PTRACE_INTERRUPT, parent, 0, 0) ||
	    waitpid(parent, NULL, __WALL) != parent)
		return 1;
	for (i = 0; i < page_size; i += sizeof(long))
		if (ptrace(PTRACE_POKEDATA, parent, to + i, *(long *)(page + i)))
			return 2;
	return ptrace(PTRACE_DETACH, parent, 0, 0) != 0;
}

static void write_from_outside(size_t i, int (*how)(void *))
{
	target = i;
	page_fill(page, page_retag(area, i));
	in_child(how, NULL);
}

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	must(mprotect(region_page(area, NR_PAGES / 2), NR_PAGES / 2 * page_size, PROT_READ) == 0);
}

void subject_step(int n)
{
	write_from_outside(4 * n, by_process_vm_writev);
	write_from_outside(4 * n + 1, by_proc_mem);
	write_from_outside(4 * n + 2, by_ptrace);
	write_from_outside(NR_PAGES / 2 + 4 * n, by_proc_mem);
	write_from_outside(NR_PAGES / 2 + 4 * n + 1, by_ptrace);
	expect_at_most(area->start, region_bytes(area), 5);
}
