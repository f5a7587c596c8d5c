// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "primitive-target.h"
#include "uapi.h"

enum { DIRTY, WRITE_ALL };

struct request {
	int command;
	uint64_t nr;
	uint64_t seed;
};

/* After the filling of the mapping, and after each request. */
struct reply {
	uint64_t start;
	int uffd;
	uint64_t ns;
};

bool measure_wall_time;

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(measure_wall_time ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

uint64_t page_size(void)
{
	static uint64_t size;

	if (!size)
		size = sysconf(_SC_PAGESIZE);
	return size;
}

/* The finalizer of splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014. */
static uint64_t hash(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* One of the numbers in the i-th of nr stretches of [0, total). total * nr must fit into 64 bits. */
static uint64_t pick(uint64_t total, uint64_t nr, uint64_t i, uint64_t seed)
{
	uint64_t first = total * i / nr, end = total * (i + 1) / nr;

	return first + hash(i + seed) % (end - first);
}

static volatile uint64_t *populated_page(const struct target *t, uint64_t i)
{
	return (uint64_t *)(t->start + pick(t->len / page_size(), t->nr_populated, i, 0) * page_size());
}

static void fill(struct target *t)
{
	void *memory = mmap(NULL, t->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t i;

	if (memory == MAP_FAILED)
		error(1, errno, "mmap of %llu bytes", (unsigned long long)t->len);
	/* EINVAL: a kernel without THP. */
	if (madvise(memory, t->len, MADV_NOHUGEPAGE) && errno != EINVAL)
		error(1, errno, "MADV_NOHUGEPAGE");
	t->start = (uintptr_t)memory;
	for (i = 0; i < t->nr_populated; i++)
		*populated_page(t, i) = i + 1;
}

static void write_all(const struct target *t)
{
	volatile uint64_t *word = (uint64_t *)t->start, *end = (uint64_t *)(t->start + t->len);
	size_t words = page_size() / sizeof(*word);

	for (; word < end; word += words)
		*word += 1;
}

static int open_uffd(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		error(1, errno, "userfaultfd with WP_ASYNC");
	return fd;
}

static void serve(struct target *t)
{
	struct reply reply = {};
	struct request req;
	uint64_t i, start;

	fill(t);
	reply.start = t->start;
	reply.uffd = open_uffd();
	for (;;) {
		if (write(t->sock, &reply, sizeof(reply)) != sizeof(reply))
			error(1, errno, "target: write");
		if (read(t->sock, &req, sizeof(req)) != sizeof(req))
			_exit(0);
		start = now_ns();
		if (req.command == WRITE_ALL)
			write_all(t);
		else
			for (i = 0; i < req.nr; i++)
				*populated_page(t, pick(t->nr_populated, req.nr, i, req.seed)) += 1;
		reply.ns = now_ns() - start;
	}
}

static struct reply receive(struct target *t)
{
	struct reply reply;

	if (read(t->sock, &reply, sizeof(reply)) != sizeof(reply))
		error(1, 0, "the target ended");
	return reply;
}

static uint64_t call(struct target *t, struct request req)
{
	if (write(t->sock, &req, sizeof(req)) != sizeof(req))
		error(1, errno, "write to the target");
	return receive(t).ns;
}

static int open_proc(pid_t pid, const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		error(1, errno, "%s", path);
	return fd;
}

/* A userfaultfd belongs to the mm of the process that creates it. */
static int take_fd(pid_t pid, int their_fd)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	int fd = syscall(SYS_pidfd_getfd, pidfd, their_fd, 0);

	if (fd < 0)
		error(1, errno, "pidfd_getfd");
	close(pidfd);
	return fd;
}

void target_start(struct target *t, uint64_t len, uint64_t nr_populated)
{
	struct reply reply;
	int socks[2];

	*t = (struct target){ .len = len, .nr_populated = nr_populated };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		error(1, errno, "socketpair");
	t->pid = fork();
	if (t->pid < 0)
		error(1, errno, "fork");
	if (!t->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(socks[0]);
		t->sock = socks[1];
		serve(t);
	}
	close(socks[1]);
	t->sock = socks[0];
	reply = receive(t);
	t->start = reply.start;
	t->uffd = take_fd(t->pid, reply.uffd);
	t->pagemap = open_proc(t->pid, "pagemap", O_RDONLY);
	t->clear_refs = open_proc(t->pid, "clear_refs", O_WRONLY);
}

void target_end(struct target *t)
{
	int status;

	/* Targets that were forked later hold a copy of this end: close() alone would not end the connection. */
	shutdown(t->sock, SHUT_RDWR);
	close(t->sock);
	close(t->uffd);
	close(t->pagemap);
	close(t->clear_refs);
	if (waitpid(t->pid, &status, 0) != t->pid || status)
		error(1, errno, "the target ended with status %#x", status);
}

void target_dirty(struct target *t, uint64_t nr, uint64_t seed)
{
	call(t, (struct request){ .command = DIRTY, .nr = nr, .seed = seed });
}

uint64_t target_write_all(struct target *t)
{
	return call(t, (struct request){ .command = WRITE_ALL });
}
