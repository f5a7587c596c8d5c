#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/compiler.h"

#include "lazy-callers.h"
#include "log.h"
#include "page.h"
#include "util.h"

#undef LOG_PREFIX
#define LOG_PREFIX "lazy-callers: "

/* A caller that has made its event may take a moment until it sleeps, and its system call can be seen. */
#define LOOKS	10
#define LOOK_US 200

#define MAX_SEEN 64

/* Ranges of calls that were seen to drop nothing but page table entries. */
static struct {
	uint64_t start, end;
} seen[MAX_SEEN];
static unsigned int nr_seen;

static bool makes_other_event(long nr)
{
	switch (nr) {
	case SYS_munmap:
	case SYS_mremap:
#ifdef SYS_mmap
	case SYS_mmap:
#endif
#ifdef SYS_mmap2
	case SYS_mmap2:
#endif
	case SYS_brk:
	case SYS_clone:
#ifdef SYS_fork
	case SYS_fork:
#endif
		return true;
	}

	return false;
}

/* Waits for a process that has the same memory, and that may be the one who makes an event; clone3(2) does not tell. */
static bool waits_for_child(long nr, unsigned long flags)
{
	switch (nr) {
	case SYS_clone:
		return flags & CLONE_VFORK;
	case SYS_clone3:
#ifdef SYS_vfork
	case SYS_vfork:
#endif
		return true;
	}

	return false;
}

/* 1: waits for an event that keeps pages to be read; -1: that may remove some; 0: for none, or that can't be seen. */
static int look_at_thread(int dirfd, const char *tid)
{
	char path[sizeof("/syscall") + NAME_MAX], line[256];
	unsigned long addr, len, advice;
	long nr;
	ssize_t ret;
	int fd;

	snprintf(path, sizeof(path), "%s/syscall", tid);
	fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ret = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (ret <= 0)
		return 0;
	line[ret] = '\0';

	/* Or "running", or -1 for what is no system call */
	if (sscanf(line, "%ld %lx %lx %lx", &nr, &addr, &len, &advice) != 4)
		return 0;
	if (nr == SYS_process_madvise || waits_for_child(nr, addr))
		return -1;
	if (nr != SYS_madvise)
		return makes_other_event(nr);
	if (advice == MADV_REMOVE || nr_seen == MAX_SEEN)
		return -1;

	seen[nr_seen].start = addr;
	seen[nr_seen++].end = addr + len;
	return 1;
}

static int look_at_threads(pid_t pid)
{
	bool keeps = false;
	struct dirent *de;
	char path[64];
	int ret = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return -1;

	nr_seen = 0;
	while (ret >= 0 && (de = readdir(dir))) {
		if (de->d_name[0] == '.')
			continue;
		ret = look_at_thread(dirfd(dir), de->d_name);
		if (ret > 0)
			keeps = true;
	}

	closedir(dir);
	return ret < 0 ? -1 : keeps;
}

/* Page faults are read before events. */
static bool has_faults(int uffd)
{
	unsigned long pending = 0;
	char path[64], line[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", uffd);
	f = fopen(path, "re");
	if (!f)
		return false;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "pending: %lu", &pending) == 1)
			break;

	fclose(f);
	return pending;
}

enum lazy_next lazy_callers_look(int uffd, pid_t pid)
{
	int i, ret = 0;

	nr_seen = 0;
	if (has_faults(uffd))
		return LAZY_NEXT_FAULT;

	for (i = 0; pid && i < LOOKS && !ret; i++) {
		if (i)
			usleep(LOOK_US);
		ret = look_at_threads(pid);
	}
	pr_debug("%d: %s\n", pid, ret > 0 ? "keeps pages" : ret < 0 ? "may remove pages" : "nobody waits");

	return ret > 0 ? LAZY_NEXT_KEEPS : LAZY_NEXT_REMOVES;
}

bool lazy_callers_keep(uint64_t start, uint64_t end)
{
	unsigned int i;

	/* The kernel rounds lengths up, and has one event for each mapping */
	for (i = 0; i < nr_seen; i++)
		if (start >= seen[i].start && end <= round_up(seen[i].end, PAGE_SIZE))
			return true;

	return false;
}
