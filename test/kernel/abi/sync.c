// SPDX-License-Identifier: GPL-2.0
/* Contexts without UFFD_FEATURE_WP_ASYNC: a write to a protected page waits for whoever reads the message. */
#include "abi.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HUGE (2u << 20)

static int uffd;

struct write_at {
	volatile char *p;
	volatile bool done;
};

static void *do_write(void *arg)
{
	struct write_at *w = arg;

	*w->p = 3;
	w->done = true;
	return NULL;
}

/* Writes to p in another thread. Returns whether there was a message, and the write took place after it was answered. */
static bool asks(char *p, size_t size)
{
	struct write_at w = { .p = p };
	struct pollfd poller = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg = {};
	pthread_t thread;
	bool asked;

	if (pthread_create(&thread, NULL, do_write, &w))
		die("pthread_create");
	asked = poll(&poller, 1, 2000) == 1 && read(uffd, &msg, sizeof(msg)) == sizeof(msg) && !w.done &&
		msg.event == UFFD_EVENT_PAGEFAULT && msg.arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WP &&
		msg.arg.pagefault.address == ((uintptr_t)p & -size);
	if (asked && uffd_protect(uffd, (char *)((uintptr_t)p & -size), size, false))
		die("UFFDIO_WRITEPROTECT");
	pthread_join(thread, NULL);
	return asked && *(volatile char *)p == 3;
}

static void kind(const char *what, char *p, size_t size)
{
	char name[100];

	memset(p, 1, 4 * size);
	if (uffd_register(uffd, p, 4 * size))
		die(what);
	if (uffd_protect(uffd, p, 4 * size, true))
		die("UFFDIO_WRITEPROTECT");
	snprintf(name, sizeof(name), "%s: a write asks", what);
	expect_true(name, asks(p + size, size));
	snprintf(name, sizeof(name), "%s: not allowed in a scan", what);
	expect(name, scan(p, 4 * size, IS_WPALLOWED, 0, 0), "-");
	snprintf(name, sizeof(name), "%s: another write asks", what);
	expect_true(name, asks(p + 3 * size, size));
	snprintf(name, sizeof(name), "%s: after fork, too", what);
	if (!fork())
		_exit(0);
	expect_true(name, asks(p, size));
	munmap(p, 4 * size);
}

static void unpopulated(void)
{
	char *p = map(4 * page, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(p, 4 * page, MADV_NOHUGEPAGE);
	if (uffd_register(uffd, p, 4 * page) || uffd_protect(uffd, p, 4 * page, true))
		die("unpopulated");
	p[0] = 1;
	expect("without WP_UNPOPULATED: only pages are protected", scan(p, 4 * page, IS_WRITTEN, IS_PRESENT, 0), "0-0:wp");
	munmap(p, 4 * page);

	close(uffd);
	uffd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP | FEATURE_WP_UNPOPULATED);
	if (uffd < 0)
		die("UFFD_FEATURE_WP_UNPOPULATED");
	p = map(4 * page, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	madvise(p, 4 * page, MADV_NOHUGEPAGE);
	if (uffd_register(uffd, p, 4 * page) || uffd_protect(uffd, p, 4 * page, true))
		die("WP_UNPOPULATED");
	expect_true("WP_UNPOPULATED: a write to an empty place asks", asks(p, page));
	(void)*(volatile char *)(p + page);
	expect_true("WP_UNPOPULATED: a write to a zero page asks", asks(p + page, page));
	munmap(p, 4 * page);
}

int main(int argc, char **argv)
{
	char *p;
	int fd;

	start_test(argc, argv);
	uffd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	if (uffd < 0)
		die("UFFD_FEATURE_PAGEFAULT_FLAG_WP");
	kind("anonymous", map(4 * page, MAP_PRIVATE | MAP_ANONYMOUS, -1), page);
	kind("shared memory", map(4 * page, MAP_SHARED | MAP_ANONYMOUS, -1), page);
	fd = syscall(SYS_memfd_create, "abi", 0);
	if (fd < 0 || ftruncate(fd, 4 * page))
		die("memfd");
	kind("private memfd", map(4 * page, MAP_PRIVATE, fd), page);
	p = mmap(NULL, 4 * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (p == MAP_FAILED)
		skip("hugetlb", "not enough huge pages");
	else
		kind("hugetlb", p, HUGE);
	fd = open("./abi-file", O_RDWR | O_CREAT, 0600);
	if (fd < 0 || unlink("./abi-file"))
		die("abi-file");
	expect_true("files are refused", uffd_register(uffd, map(page, MAP_PRIVATE, fd), page) && errno == EINVAL);
	unpopulated();
	return summary();
}
