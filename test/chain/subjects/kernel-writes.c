// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel writes into protected pages on behalf of the task: read, readv,
 * recv, getrandom and a signal frame do not go through the target's own stores.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../subject.h"

#define NR_PAGES 64

static struct region *area, *altstack;
static char page[65536];

/* The page that a system call is about to fill. */
static char *next_page(size_t i)
{
	page_fill(page, page_retag(area, i));
	return region_page(area, i);
}

static void by_read(int fd, size_t i)
{
	char *to = next_page(i);

	must(pwrite(fd, page, page_size, 0) == (ssize_t)page_size);
	must(pread(fd, to, page_size, 0) == (ssize_t)page_size);
}

/* One page in two halves. */
static void by_readv(int fd, size_t i)
{
	char *to = next_page(i);
	size_t half = page_size / 2;
	struct iovec iov[2] = { { to, half }, { to + half, half } };

	must(pwrite(fd, page, page_size, 0) == (ssize_t)page_size);
	must(preadv(fd, iov, 2, 0) == (ssize_t)page_size);
}

static void by_recv(size_t i)
{
	char *to = next_page(i);
	int sk[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, sk) == 0);
	must(send(sk[0], page, page_size, 0) == (ssize_t)page_size);
	must(recv(sk[1], to, page_size, MSG_WAITALL) == (ssize_t)page_size);
	close(sk[0]);
	close(sk[1]);
}

static void by_pipe(size_t i)
{
	char *to = next_page(i);
	int fds[2];

	must(pipe(fds) == 0);
	must(write(fds[1], page, page_size) == (ssize_t)page_size);
	must(read(fds[0], to, page_size) == (ssize_t)page_size);
	close(fds[0]);
	close(fds[1]);
}

static void handler(int sig)
{
	(void)sig;
}

/* The kernel stores the frame into an alternate stack; what it stores is its own business. */
static void by_signal_frame(void)
{
	stack_t ss = { .ss_sp = altstack->start, .ss_size = region_bytes(altstack) }, off = { .ss_flags = SS_DISABLE };
	struct sigaction act = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
	size_t top = altstack->nr_pages - 1;

	must(sigaltstack(&ss, NULL) == 0);
	must(sigaction(SIGUSR2, &act, NULL) == 0);
	raise(SIGUSR2);
	must(sigaltstack(&off, NULL) == 0);
	expect_written(region_page(altstack, top), page_size);
}

void subject_setup(void)
{
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
	altstack = region_map("signal stack", 16, PROT_READ | PROT_WRITE, 0);
	pages_set(altstack, 0, 16, TAG_UNMAPPED);
}

void subject_step(int n)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);

	must(fd >= 0);
	by_read(fd, 8 * n);
	by_readv(fd, 8 * n + 1);
	by_recv(8 * n + 2);
	by_pipe(8 * n + 3);
	must(close(fd) == 0);
	by_signal_frame();
	expect_region(area, 4);
}
