// SPDX-License-Identifier: GPL-2.0
/*
 * A task for the test of uffd-wpctl: tracks itself and does what it is told on
 * stdin, one line each, answered by a line.
 *
 *   track KEEPER   makes a context, registers the middle third of its memory,
 *                  protects it and hands the context over
 *   write N        writes N pages of the middle third, others than before
 *   write-all      writes all pages of its memory
 *   foreign        registers another mapping with a userfaultfd of its own
 *   foreign-is-tracked  answers yes or no
 *   name STRING    changes its name
 *   run ID         lets a run with that id begin and commit
 *   exec           becomes another program (cat)
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper-client.h"
#include "scan.h"
#include "wp.h"

#define THIRD 300 /* pages */

static size_t page_size;
static char *memory; /* three thirds */
static char *foreign_memory;
static int pagemap;
static struct task_id id;
static int keeper = -1;

static void die(const char *what)
{
	printf("error %s: %m\n", what);
	exit(1);
}

static int open_context(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		die("userfaultfd");
	return uffd;
}

static int ignore(void *arg, const struct page_region *region)
{
	(void)arg;
	(void)region;
	return 0;
}

static void protect(char *start, size_t len)
{
	uint64_t address = (uintptr_t)start;

	if (scan_range(pagemap, address, address + len, SCAN_PROTECT, ignore, NULL))
		die("scan");
}

static char *middle(void)
{
	return memory + THIRD * page_size;
}

static void track(const char *path)
{
	int uffd = open_context(), pidfd;
	const char *why = "";

	if (wp_register(uffd, (uintptr_t)middle(), (uintptr_t)middle() + THIRD * page_size))
		die("register");
	protect(middle(), THIRD * page_size);

	keeper = keeper_connect_or_start(path, &why);
	if (keeper < 0)
		die(why);
	pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	if (pidfd < 0 || task_id_read(getpid(), &id) || keeper_put(keeper, &id, uffd, pidfd))
		die("put");
	close(uffd);
	close(pidfd);
}

static void write_pages(char *start, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		start[i * page_size]++;
}

/* The descriptor stays open: it is the task's own. */
static void register_foreign(void)
{
	foreign_memory = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (foreign_memory == MAP_FAILED)
		die("mmap");
	write_pages(foreign_memory, 2);
	if (wp_register(open_context(), (uintptr_t)foreign_memory, (uintptr_t)foreign_memory + 2 * page_size))
		die("register");
	protect(foreign_memory, 2 * page_size);
}

static bool foreign_is_tracked(void)
{
	uint64_t start = (uintptr_t)foreign_memory;

	return scan_is_wp_async(pagemap, start, start + 2 * page_size) == 1 &&
	       scan_has_protected(pagemap, start, start + 2 * page_size) == 1;
}

static void run(const char *run_id)
{
	if (keeper_begin(keeper, &id, run_id) || keeper_commit(keeper, run_id))
		die("run");
}

static void obey(char *command, char *argument)
{
	static int written;

	if (!strcmp(command, "track")) {
		track(argument);
	} else if (!strcmp(command, "write")) {
		write_pages(middle() + written * page_size, atoi(argument));
		written += atoi(argument);
	} else if (!strcmp(command, "write-all")) {
		write_pages(memory, 3 * THIRD);
	} else if (!strcmp(command, "foreign")) {
		register_foreign();
	} else if (!strcmp(command, "foreign-is-tracked")) {
		puts(foreign_is_tracked() ? "yes" : "no");
		return;
	} else if (!strcmp(command, "name")) {
		prctl(PR_SET_NAME, argument);
	} else if (!strcmp(command, "run")) {
		run(argument);
	} else if (!strcmp(command, "exec")) {
		puts("ok");
		fflush(stdout);
		execlp("cat", "cat", NULL);
		die("exec");
	} else {
		die(command);
	}
	puts("ok");
}

int main(void)
{
	char *line = NULL, *argument;
	size_t size = 0;
	ssize_t len;

	page_size = sysconf(_SC_PAGESIZE);
	memory = mmap(NULL, 3 * THIRD * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (memory == MAP_FAILED || pagemap < 0)
		die("setup");
	madvise(memory, 3 * THIRD * page_size, MADV_NOHUGEPAGE);
	write_pages(memory, 3 * THIRD);
	printf("%d %d\n", getpid(), THIRD);
	fflush(stdout);

	while ((len = getline(&line, &size, stdin)) > 0) {
		line[len - 1] = '\0';
		argument = strchr(line, ' ');
		if (argument)
			*argument++ = '\0';
		obey(line, argument);
		fflush(stdout);
	}

	return 0;
}
