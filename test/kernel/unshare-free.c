// SPDX-License-Identifier: GPL-2.0
/*
 * Reading memory with process_vm_readv(2) pins its pages, and gives whoever shares them by fork() copies of its own,
 * mapped by clean entries. A next fork() shares these, and MADV_FREE in the one process lets the kernel drop them from
 * the other one, too.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktest.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define PAGES 64

static char content(int page)
{
	return page + 1;
}

/* In a child that shares the pages: the number of those that it lost. */
static int lost_pages(char *m, int go)
{
	int lost = 0;
	char byte;

	if (read(go, &byte, 1) != 1)
		error("read");
	madvise(m, PAGES * PAGE, MADV_PAGEOUT);
	for (int i = 0; i < PAGES; i++)
		lost += m[i * PAGE] != content(i);
	return lost;
}

/* Pages are marked in batches, one a processor: fill ours. */
static void mark_what_is_batched(void)
{
	for (int i = 0; i < 64; i++) {
		char *m = map(16 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);

		madvise(m, 16 * PAGE, MADV_FREE);
		munmap(m, 16 * PAGE);
	}
}

/* While a child shares it, reads our memory in the way that gives us copies of it. */
static void unshare_pages(char *m)
{
	static char buffer[PAGES * MAX_PAGE];
	struct iovec local = { buffer, PAGES * PAGE }, remote = { m, PAGES * PAGE };
	pid_t child = fork();

	if (child < 0)
		error("fork");
	if (child == 0)
		for (;;)
			pause();
	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)(PAGES * PAGE))
		error("process_vm_readv");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int main(void)
{
	char *m = map(PAGES * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int go[2], status;
	pid_t child;

	for (int i = 0; i < PAGES; i++)
		m[i * PAGE] = content(i);
	unshare_pages(m);
	if (pipe(go))
		error("pipe");
	child = fork();
	if (child < 0)
		error("fork");
	if (child == 0)
		_exit(lost_pages(m, go[0]));
	madvise(m, PAGES * PAGE, MADV_FREE);
	munmap(m, PAGES * PAGE);
	mark_what_is_batched();
	if (write(go[1], "x", 1) != 1 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		error("child");
	judge(WEXITSTATUS(status) != 0, "a child that never called MADV_FREE lost %d of %d pages", WEXITSTATUS(status), PAGES);
}
