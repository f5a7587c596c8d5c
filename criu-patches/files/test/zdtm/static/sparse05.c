// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sparse_pages.h"
#include "zdtmtst.h"

const char *test_doc = "Holes punched by MADV_DONTNEED and MADV_FREE, by a task and its child";
const char *test_author = "criu-uffd-wp maintainers";

#define NR_PAGES 4096
#define MAX_HOLE 64

static char *area;

static struct {
	unsigned long tag;
	int free; /* by MADV_FREE: has its content, or none */
} pages[NR_PAGES];

static char *page_of(int p)
{
	return area + p * PAGE_SIZE;
}

static int check_one(int p)
{
	if (pages[p].free && page_has(page_of(p), NO_CONTENT))
		return 0;
	return page_check(page_of(p), pages[p].tag);
}

static void write_one(int p)
{
	page_renew(page_of(p), &pages[p].tag);
	pages[p].free = 0;
}

static int punch(int p)
{
	int last = p + lrand48() % MAX_HOLE, advice = lrand48() % 2 ? MADV_DONTNEED : MADV_FREE;

	if (last >= NR_PAGES)
		last = NR_PAGES - 1;
	if (madvise(page_of(p), (last - p + 1) * PAGE_SIZE, advice))
		return pr_perror("madvise");
	for (; p <= last; p++) {
		if (advice == MADV_DONTNEED)
			pages[p].tag = NO_CONTENT;
		pages[p].free = advice == MADV_FREE;
	}
	return 0;
}

static int turn(void)
{
	int i, p;

	if (punch(lrand48() % NR_PAGES))
		return 1;
	for (i = 0; i < MAX_HOLE / 2; i++) {
		p = lrand48() % NR_PAGES;
		if (check_one(p))
			return 1;
		write_one(p);
	}
	usleep(1000);
	return 0;
}

static int check_all(void)
{
	int p, failed = 0;

	for (p = 0; p < NR_PAGES; p++)
		failed |= check_one(p);
	return failed;
}

static int child_main(void)
{
	srand48(getpid());
	while (test_go())
		if (turn())
			return 1;
	return check_all();
}

static int end_child(pid_t pid)
{
	int status;

	if (kill(pid, SIGTERM) || waitpid(pid, &status, 0) != pid)
		return pr_perror("The child cannot be ended");
	return status ? fail("The child ended with status %#x", status) : 0;
}

int main(int argc, char **argv)
{
	int i, failed;
	pid_t pid;

	test_init(argc, argv);
	area = mmap(NULL, NR_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return pr_perror("mmap");
	for (i = 0; i < NR_PAGES; i++)
		write_one(i);
	pid = test_fork();
	if (pid < 0)
		return pr_perror("fork");
	if (!pid)
		_exit(child_main());

	test_daemon();
	while (test_go())
		if (turn())
			return 1;

	failed = check_all();
	failed |= end_child(pid);
	if (failed)
		return 1;
	pass();
	return 0;
}
