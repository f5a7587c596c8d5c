// SPDX-License-Identifier: GPL-2.0
/* Protection across fork, mremap, swap, unregistering, and the end of a context: it is kept, or nothing is left. */
#include "abi.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#define HUGE (2u << 20)

static int uffd;

/* A registered and protected mapping of n pages, all of them there. */
static char *protected_pages(int n)
{
	char *p = map(n * page, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(p, n * page, MADV_NOHUGEPAGE);
	memset(p, 1, n * page);
	if (uffd_register(uffd, p, n * page))
		die("UFFDIO_REGISTER");
	written(p, n * page);
	return p;
}

static int child(int (*run)(char *), char *p)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(run(p));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int child_has_nothing(char *p)
{
	int own;

	scan_fd = open("/proc/self/pagemap", O_RDONLY);
	if (strcmp(scan(p, 4 * page, IS_PRESENT, 0, 0), "0-3:wp"))
		return 1;
	own = uffd_open(FEATURE_WP_ASYNC);
	if (uffd_register(own, p, 4 * page))
		return 2;
	if (strcmp(written(p, 4 * page), "0-3:awp"))
		return 3;
	p[0] = 2;
	return strcmp(written(p, 4 * page), "0-0:awp") ? 4 : 0;
}

static void forks(void)
{
	char *p = protected_pages(4);

	expect_true("fork: the child starts anew", child(child_has_nothing, p) == 0);
	expect("fork: not seen by the parent", written(p, 4 * page), "-");
	p[2 * page] = 2;
	expect("fork: writes of the parent", written(p, 4 * page), "2-2:awp");
	munmap(p, 4 * page);
}

static int hugetlb_child_has_nothing(char *p)
{
	scan_fd = open("/proc/self/pagemap", O_RDONLY);
	return strcmp(scan(p, 2 * HUGE, IS_PRESENT, 0, 0), "0-511:wph");
}

static void hugetlb_fork(void)
{
	char *p = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	if (p == MAP_FAILED) {
		skip("fork, hugetlb", "no huge pages");
		return;
	}
	p[0] = 1;
	if (uffd_register(uffd, p, 2 * HUGE))
		die("UFFDIO_REGISTER");
	written(p, 2 * HUGE);
	expect_true("fork, hugetlb: the child starts anew", child(hugetlb_child_has_nothing, p) == 0);
	expect("fork, hugetlb: not seen by the parent", written(p, 2 * HUGE), "-");
	munmap(p, 2 * HUGE);
}

static char *move(char *from, size_t len, char *to)
{
	char *p = mremap(from, len, len, MREMAP_MAYMOVE | (to ? MREMAP_FIXED : 0), to);

	if (p == MAP_FAILED)
		die("mremap");
	return p;
}

static void moves(void)
{
	char *p = protected_pages(4), *to = map(4 * page, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	to = move(p, 4 * page, to);
	expect("mremap: protection does not move", scan(to, 4 * page, IS_PRESENT, 0, 0), "0-3:wp");
	to[0] = 2;
	if (uffd_register(uffd, to, 4 * page))
		die("UFFDIO_REGISTER");
	expect("mremap: nothing is left", written(to, 4 * page), "0-3:awp");
	munmap(to, 4 * page);
}

/* Pages 4 to 7 go away and come back, so that the mappings merge. */
static void merges(void)
{
	char *p = protected_pages(8), *away = map(4 * page, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	away = move(p + 4 * page, 4 * page, away);
	if (uffd_register(uffd, away, 4 * page))
		die("UFFDIO_REGISTER");
	written(away, 4 * page);
	move(away, 4 * page, p + 4 * page);
	expect_or("merge: those that stayed are tracked", scan(p, 8 * page, IS_PRESENT, 0, 0), "0-3:ap 4-7:wp", "0-3:p 4-7:wp");
	p[0] = p[5 * page] = 2;
	if (uffd_register(uffd, p, 8 * page))
		die("UFFDIO_REGISTER");
	expect_or("merge: writes to both", written(p, 8 * page), "0-0:awp 4-7:awp", "4-7:awp");
	munmap(p, 8 * page);
}

static void remap_event(void)
{
	int own = uffd;
	char *p, *to;

	uffd = uffd_open(FEATURE_WP_ASYNC | UFFD_FEATURE_EVENT_REMAP);
	p = protected_pages(4);
	to = map(4 * page, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	/* mremap waits until its event has been read. */
	if (!fork()) {
		struct uffd_msg msg;

		while (read(uffd, &msg, sizeof(msg)) < 0)
			usleep(1000);
		_exit(0);
	}
	p = move(p, 4 * page, to);
	expect("mremap with the event: protection moves", scan(p, 4 * page, IS_PRESENT, 0, 0), "0-3:ap");
	wait(NULL);
	munmap(p, 4 * page);
	close(uffd);
	uffd = own;
}

static void closed(void)
{
	int own = uffd;
	char *p;

	uffd = uffd_open(FEATURE_WP_ASYNC);
	p = protected_pages(4);
	close(uffd);
	expect("close: nothing is protected", scan(p, 4 * page, IS_PRESENT, 0, 0), "0-3:wp");
	uffd = own;
	p[0] = 2;
	if (uffd_register(uffd, p, 4 * page))
		die("UFFDIO_REGISTER");
	expect("close: another context starts anew", written(p, 4 * page), "0-3:awp");
	uffd_unregister(uffd, p, 4 * page);
	expect("unregister: nothing is protected", scan(p, 4 * page, IS_PRESENT, 0, 0), "0-3:wp");
	p[1] = 2;
	if (uffd_register(uffd, p, 4 * page))
		die("UFFDIO_REGISTER");
	expect("unregister: and again", written(p, 4 * page), "0-3:awp");
	munmap(p, 4 * page);
}

static void protections(void)
{
	char *p = protected_pages(4);

	mprotect(p, 4 * page, PROT_READ);
	mprotect(p, 4 * page, PROT_READ | PROT_WRITE);
	expect("mprotect: nothing written", written(p, 4 * page), "-");
	p[3 * page] = 2;
	expect("mprotect: a write", written(p, 4 * page), "3-3:awp");
	mprotect(p, 4 * page, PROT_NONE);
	expect("PROT_NONE", scan(p, 4 * page, IS_PRESENT, 0, 0), "0-3:ap");
	munmap(p, 4 * page);
}

/* Needs swap; see guest/check. */
static void swap(void)
{
	char *p = protected_pages(4);

	p[page] = 2;
	madvise(p, 4 * page, MADV_PAGEOUT);
	if (strcmp(scan(p, 4 * page, IS_SWAPPED, 0, 0), "0-0:as 1-1:aws 2-3:as")) {
		skip("swap", scan(p, 4 * page, 0, IS_SWAPPED | IS_PRESENT, 0));
		return;
	}
	expect("swap: written", written(p, 4 * page), "1-1:aws");
	expect("swap: protected", scan(p, 4 * page, IS_SWAPPED, 0, 0), "0-3:as");
	expect_true("swap: content", p[page] == 2 && p[2 * page] == 1);
	p[3 * page] = 2;
	expect("swap: back", scan(p, 4 * page, 0, IS_PRESENT | IS_SWAPPED, 0), "0-0:as 1-2:ap 3-3:awp");
	munmap(p, 4 * page);
}

int main(int argc, char **argv)
{
	start_test(argc, argv);
	uffd = uffd_open(FEATURE_WP_ASYNC);
	if (uffd < 0)
		die("UFFD_FEATURE_WP_ASYNC");
	forks();
	hugetlb_fork();
	moves();
	merges();
	remap_event();
	closed();
	protections();
	swap();
	return summary();
}
