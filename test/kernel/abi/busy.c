// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are written to without page faults: buffers registered with io_uring, direct I/O in flight, pages in a pipe.
 * They stay written, so that no scan misses what arrives in them later.
 */
#include "abi.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define HUGE  (2u << 20)
#define ROUND (4u << 20) /* bytes of a direct read */
#define ROUNDS 40

static int uffd;

static int ring_with_buffer(char *p, size_t len)
{
	struct io_uring_params params = {};
	struct iovec iov = { p, len };
	int ring = syscall(SYS_io_uring_setup, 2, &params);

	if (ring < 0)
		return -1;
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &iov, 1))
		die("IORING_REGISTER_BUFFERS");
	return ring;
}

/* The first of n pages is pinned. Then what written() says of all, of none, and of that one. */
static void pinned(const char *what, char *p, size_t size, int n, const char *all, const char *none, const char *busy)
{
	char name[100];
	int ring;

	memset(p, 1, n * size);
	if (uffd_register(uffd, p, n * size))
		die(what);
	ring = ring_with_buffer(p, page);
	if (ring < 0) {
		skip(what, "no io_uring");
		return;
	}
	snprintf(name, sizeof(name), "%s: all written", what);
	expect(name, written(p, n * size), all);
	snprintf(name, sizeof(name), "%s: what is pinned stays written", what);
	expect_or(name, written(p, n * size), busy, "-");
	snprintf(name, sizeof(name), "%s: after UFFDIO_WRITEPROTECT, too", what);
	if (uffd_protect(uffd, p, n * size, true))
		die("UFFDIO_WRITEPROTECT");
	expect_or(name, written(p, n * size), busy, "-");
	close(ring);
	/* The ring is freed later. */
	snprintf(name, sizeof(name), "%s: not when it is unpinned", what);
	for (n = 0; n < 200 && strcmp(written(p, size), "-"); n++)
		usleep(20000);
	expect(name, written(p, size), none);
}

static void all_pinned(void)
{
	char *p = map(4 * page, MAP_PRIVATE | MAP_ANONYMOUS, -1), *base;

	madvise(p, 4 * page, MADV_NOHUGEPAGE);
	pinned("anonymous", p, page, 4, "0-3:awp", "-", "0-0:awp");
	p = map(4 * page, MAP_SHARED | MAP_ANONYMOUS, -1);
	pinned("shared memory", p, page, 4, "0-3:awfp", "-", "0-0:awfp");
	base = map(3 * HUGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	p = (char *)(((uintptr_t)base + HUGE - 1) & -(uintptr_t)HUGE);
	madvise(p, HUGE, MADV_HUGEPAGE);
	p[0] = 1;
	if (strcmp(scan(p, HUGE, IS_PRESENT, 0, 0), "0-511:wph"))
		skip("THP", "none here");
	else
		pinned("THP", p, HUGE, 1, "0-511:awph", "-", "0-511:awph");
	p = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (p == MAP_FAILED)
		skip("hugetlb", "not enough huge pages");
	else
		pinned("hugetlb", p, HUGE, 2, "0-1023:awph", "-", "0-511:awph");
}

/* What is in a pipe by vmsplice has references of the older kind, that direct I/O had before it used pins. */
static void referenced(void)
{
	char *p = map(4 * page, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	struct iovec iov = { p + page, page };
	int fds[2];

	madvise(p, 4 * page, MADV_NOHUGEPAGE);
	memset(p, 1, 4 * page);
	if (uffd_register(uffd, p, 4 * page) || pipe(fds) || vmsplice(fds[1], &iov, 1, 0) != (ssize_t)page)
		die("vmsplice");
	expect("in a pipe: all written", written(p, 4 * page), "0-3:awp");
	expect_or("in a pipe: stays written", written(p, 4 * page), "1-1:awp", "-");
	close(fds[0]);
	close(fds[1]);
	written(p, 4 * page);
	expect("in a pipe: not when it is read", written(p, 4 * page), "-");
	munmap(p, 4 * page);
}

static int source_file(void)
{
	char path[] = "./direct-XXXXXX", *block = map(ROUND, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	int fd = mkstemp(path), direct;

	memset(block, 'x', ROUND);
	if (fd < 0 || write(fd, block, ROUND) != ROUND || fsync(fd))
		die(path);
	direct = open(path, O_RDONLY | O_DIRECT);
	unlink(path);
	close(fd);
	munmap(block, ROUND);
	return direct;
}

/* Pages that changed after a scan that did not call them written in the next one. */
static int lost(char *p, char *before)
{
	static struct region vec[4096];
	struct scan_arg arg = { .size = sizeof(arg), .start = (uintptr_t)p, .end = (uintptr_t)p + ROUND,
				.vec = (uintptr_t)vec, .vec_len = 4096, .category_mask = IS_WRITTEN };
	int i, count = 0, n = scan_raw(&arg);
	uint64_t at, region = 0;

	if (n < 0)
		die("PAGEMAP_SCAN");
	for (i = 0; i < (int)(ROUND / page); i++) {
		at = (uintptr_t)p + i * page;
		while ((int)region < n && vec[region].end <= at)
			region++;
		if (((int)region == n || vec[region].start > at) && memcmp(p + i * page, before + i * page, page))
			count++;
	}
	return count;
}

static void direct(void)
{
	char *p = map(ROUND, MAP_PRIVATE | MAP_ANONYMOUS, -1), *before = map(ROUND, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	struct iocb cb = {}, *list = &cb;
	struct io_event event;
	aio_context_t aio = 0;
	int fd = source_file(), round, pages = 0, in_flight = 0;
	bool early;

	madvise(p, ROUND, MADV_NOHUGEPAGE);
	if (fd < 0 || syscall(SYS_io_setup, 1, &aio)) {
		skip("direct I/O", "not possible here");
		return;
	}
	if (uffd_register(uffd, p, ROUND))
		die("UFFDIO_REGISTER");
	for (round = 0; round < ROUNDS; round++) {
		memset(p, round, ROUND);
		cb.aio_lio_opcode = IOCB_CMD_PREAD;
		cb.aio_fildes = fd;
		cb.aio_buf = (uintptr_t)p;
		cb.aio_nbytes = ROUND;
		if (syscall(SYS_io_submit, aio, 1, &list) != 1)
			die("io_submit");
		scan(p, ROUND, IS_WRITTEN, 0, SCAN_WP);
		/* What is here now is what a dump would get. */
		memcpy(before, p, ROUND);
		early = syscall(SYS_io_getevents, aio, 0, 1, &event, &(struct timespec){}) == 1;
		if (!early && syscall(SYS_io_getevents, aio, 1, 1, &event, NULL) != 1)
			die("io_getevents");
		in_flight += !early;
		pages += lost(p, before);
	}
	printf("direct I/O: %d of %d reads were in flight, %d pages lost\n", in_flight, ROUNDS, pages);
	if (!in_flight)
		skip("direct I/O", "too fast to test");
	else
		expect_or("direct I/O: pages lost", pages ? "some" : "none", "none", "some");
}

int main(int argc, char **argv)
{
	start_test(argc, argv);
	uffd = uffd_open(FEATURE_WP_ASYNC);
	if (uffd < 0)
		die("UFFD_FEATURE_WP_ASYNC");
	all_pinned();
	referenced();
	direct();
	return summary();
}
