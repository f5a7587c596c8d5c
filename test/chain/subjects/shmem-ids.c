// SPDX-License-Identifier: GPL-2.0
/*
 * A System V segment whose id is the inode number of a memfd, and their pages: images have both, each under its own name.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../subject.h"

#define NR_PAGES 64

static struct region *memory, *segment;

static int make_segment(int id)
{
	FILE *f = fopen("/proc/sys/kernel/shm_next_id", "we");

	if (!f)
		skip("the id of a segment can't be set (CONFIG_CHECKPOINT_RESTORE)");
	fprintf(f, "%d", id);
	must(fclose(f) == 0);
	return shmget(IPC_PRIVATE, NR_PAGES * page_size, IPC_CREAT | 0600);
}

void subject_setup(void)
{
	size_t len = NR_PAGES * page_size;
	char *start = region_place(len);
	struct stat st;
	int fd;

	if (unshare(CLONE_NEWIPC)) {
		must(errno == EPERM);
		skip("an IPC namespace needs root");
	}
	fd = memfd_create("ids", MFD_CLOEXEC);
	must(fd >= 0 && fstat(fd, &st) == 0 && ftruncate(fd, len) == 0);
	if (st.st_ino > 0x7fffffff)
		skip("inode numbers are more than ids can be");
	must(mmap(start, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) == start);
	memory = region_add("memfd", start, NR_PAGES, NR_PAGES);
	must(make_segment(st.st_ino) == (int)st.st_ino);
	start = region_place(len);
	must(shmat(st.st_ino, start, 0) == start);
	segment = region_add("segment", start, NR_PAGES, NR_PAGES);
	memory->shared = segment->shared = true;
	pages_write(memory, 0, NR_PAGES);
	pages_write(segment, 0, NR_PAGES);
	expect_shared(2 * NR_PAGES, 0);
}

void subject_step(int n)
{
	(void)n;
	pages_write_some(memory, 0, NR_PAGES, 3);
	pages_write_some(segment, 0, NR_PAGES, 5);
	expect_shared(8, 0);
}
