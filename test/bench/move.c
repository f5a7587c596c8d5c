// SPDX-License-Identifier: GPL-2.0
/*
 * move VARIANT FILE: puts the pages of FILE (whole MiB, in the page cache) into private memory of this task in one of
 * the ways below, compares them with the file, and prints "METRIC UNIT VALUE" lines. For ./move, which says what for.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "uapi.h"

#ifndef UFFDIO_MOVE /* Linux 6.8 */
#define UFFD_FEATURE_MOVE (1 << 16)
#define UFFDIO_MOVE	  _IOWR(UFFDIO, 0x05, struct uffdio_move)

struct uffdio_move {
	uint64_t dst, src, len, mode;
	int64_t move;
};
#endif

#define HUGE  (2UL << 20)
#define PIECE (64UL << 10)
#define SMALL 4096UL

static size_t length;	/* bytes, whole huge pages */
static char *file;	/* the file, mapped */
static int file_fd;
static char *dst;	/* where the pages go */
static char *staging;	/* where an agent receives pages that are moved then: as much as dst */
static char *buffer;	/* where one receives those that are copied then: one huge page, used before */
static int uffd = -1;
static int to_server;	/* what arrives from a page server: what is asked for, in the order of asking */
static uint64_t *waited; /* for each huge page, nanoseconds that the task waited for it */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static char *map_huge_aligned(size_t len, int advice)
{
	char *start = mmap(NULL, len + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		err(1, "mmap");
	start = (char *)(((uintptr_t)start + HUGE - 1) & ~(HUGE - 1));
	if (madvise(start, len, advice))
		err(1, "madvise");
	return start;
}

/* Another process: sends what is asked for by {offset, length}. */
struct request {
	uint64_t offset, len;
};

static void serve(int sock)
{
	struct request r;

	while (recv(sock, &r, sizeof(r), MSG_WAITALL) == sizeof(r))
		while (r.len) {
			ssize_t sent = send(sock, file + r.offset, r.len, 0);

			if (sent <= 0)
				_exit(1);
			r.offset += sent;
			r.len -= sent;
		}
	_exit(0);
}

static void start_server(void)
{
	int socks[2], size = 4 << 20;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, socks))
		err(1, "socketpair");
	setsockopt(socks[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(socks[0]);
		serve(socks[1]);
	}
	close(socks[1]);
	to_server = socks[0];
}

static void ask_for(size_t offset, size_t len)
{
	struct request r = { .offset = offset, .len = len };

	if (send(to_server, &r, sizeof(r), 0) != sizeof(r))
		err(1, "the server");
}

static void take(void *to, size_t len)
{
	if (recv(to_server, to, len, MSG_WAITALL) != (ssize_t)len)
		err(1, "the server");
}

static void receive(void *to, size_t offset, size_t len)
{
	ask_for(offset, len);
	take(to, len);
}

static void read_file(void *to, size_t offset)
{
	if (pread(file_fd, to, HUGE, offset) != (ssize_t)HUGE)
		err(1, "pread");
}

static void open_uffd(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_MOVE };
	struct uffdio_register reg = { .range = { (uintptr_t)dst, length }, .mode = UFFDIO_REGISTER_MODE_MISSING };

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api)) {
		puts("skip the kernel has no UFFDIO_MOVE");
		exit(77);
	}
	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "UFFDIO_REGISTER");
}

static void copy_in(size_t offset, const void *from, size_t len)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)dst + offset, .src = (uintptr_t)from, .len = len };

	if (ioctl(uffd, UFFDIO_COPY, &copy))
		err(1, "UFFDIO_COPY");
}

static void move_in(size_t offset)
{
	struct uffdio_move move = { .dst = (uintptr_t)dst + offset, .src = (uintptr_t)staging + offset, .len = HUGE };

	if (ioctl(uffd, UFFDIO_MOVE, &move))
		err(1, "UFFDIO_MOVE");
}

/* --- Restore: nobody uses the memory yet --- */

static void restore_pread(void)
{
	size_t off;

	for (off = 0; off < length; off += HUGE)
		read_file(dst + off, off);
}

/* As the parasite's side of a page server would: by another process, through a buffer of its own. */
static void restore_writev(void)
{
	pid_t task = getpid(), child = fork();
	size_t off;
	int status;

	if (child == 0) {
		for (off = 0; off < length; off += HUGE) {
			struct iovec from = { buffer, HUGE }, to = { dst + off, HUGE };

			read_file(buffer, off);
			if (process_vm_writev(task, &from, 1, &to, 1, 0) != (ssize_t)HUGE)
				_exit(1);
		}
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status)
		errx(1, "process_vm_writev");
}

static void restore_move(void)
{
	size_t off;

	for (off = 0; off < length; off += HUGE) {
		read_file(staging + off, off);
		move_in(off);
	}
}

/* --- Lazy restore: the task runs --- */

static void resolve_copy(size_t off)
{
	receive(buffer, off, HUGE);
	copy_in(off, buffer, HUGE);
}

static void resolve_copy_small(size_t off)
{
	receive(buffer, off, SMALL);
	copy_in(off, buffer, SMALL);
}

/* What fits into a cache of the processor on its way. */
static void resolve_copy_pieces(size_t off)
{
	size_t end = off + HUGE;

	ask_for(off, HUGE);
	for (; off < end; off += PIECE) {
		take(buffer, PIECE);
		copy_in(off, buffer, PIECE);
	}
}

static void resolve_move(size_t off)
{
	receive(staging + off, off, HUGE);
	move_in(off);
}

static void (*resolve)(size_t off);

static void *handle_faults(void *arg)
{
	struct uffd_msg msg;

	(void)arg;
	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg))
		resolve(((uintptr_t)msg.arg.pagefault.address & ~(HUGE - 1)) - (uintptr_t)dst);
	return NULL;
}

static void touch_all(void)
{
	size_t off;

	for (off = 0; off < length; off += HUGE) {
		uint64_t start = now_ns();

		*(volatile char *)(dst + off);
		waited[off / HUGE] = now_ns() - start;
	}
}

static void by_agent(void)
{
	pthread_t agent;

	if (pthread_create(&agent, NULL, handle_faults, NULL))
		errx(1, "pthread_create");
	touch_all();
}

static void by_daemon(void)
{
	pid_t daemon = fork();

	if (daemon == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		handle_faults(NULL);
		_exit(0);
	}
	touch_all();
	kill(daemon, SIGKILL);
	waitpid(daemon, NULL, 0);
}

/* What nobody waits for. */
static void in_background(void)
{
	size_t off;

	for (off = 0; off < length; off += HUGE)
		resolve(off);
}

/* Only the last step: what was received before, into aligned memory of its own, becomes visible. */
static void publish_copy(void)
{
	size_t off;

	for (off = 0; off < length; off += HUGE)
		copy_in(off, staging + off, HUGE);
}

static void publish_move(void)
{
	size_t off;

	for (off = 0; off < length; off += HUGE)
		move_in(off);
}

/* --- */

enum { USES_UFFD = 1, THP_DST = 2, STAGED = 4, STAGING_TOUCHED = 8, STAGING_FILLED = 16, SMALL_ONLY = 32 };

static const struct variant {
	const char *name;
	void (*run)(void);
	void (*resolve)(size_t off);
	int flags;
} variants[] = {
	{ "restore: pread", restore_pread, NULL, 0 },
	{ "restore: pread, huge pages", restore_pread, NULL, THP_DST },
	{ "restore: process_vm_writev", restore_writev, NULL, 0 },
	{ "restore: process_vm_writev, huge pages", restore_writev, NULL, THP_DST },
	{ "restore: move", restore_move, NULL, USES_UFFD | THP_DST | STAGED },
	{ "fault: copy by a daemon", by_daemon, resolve_copy, USES_UFFD },
	{ "fault: copy by an agent", by_agent, resolve_copy, USES_UFFD },
	{ "fault: copy in pieces of 64 KiB", by_agent, resolve_copy_pieces, USES_UFFD },
	{ "fault: move", by_agent, resolve_move, USES_UFFD | THP_DST | STAGED },
	{ "fault: move, staging touched before", by_agent, resolve_move, USES_UFFD | THP_DST | STAGED | STAGING_TOUCHED },
	{ "fault of 4 KiB: copy by a daemon", by_daemon, resolve_copy_small, USES_UFFD | SMALL_ONLY },
	{ "background: copy", in_background, resolve_copy, USES_UFFD },
	{ "background: copy in pieces of 64 KiB", in_background, resolve_copy_pieces, USES_UFFD },
	{ "background: move", in_background, resolve_move, USES_UFFD | THP_DST | STAGED },
	{ "publish: copy", publish_copy, NULL, USES_UFFD | STAGED | STAGING_FILLED },
	{ "publish: move", publish_move, NULL, USES_UFFD | THP_DST | STAGED | STAGING_FILLED },
};

static size_t huge_bytes(const char *start)
{
	char line[256], head[32];
	bool here = false;
	size_t kb = 0;
	FILE *f = fopen("/proc/self/smaps", "re");

	if (!f)
		err(1, "smaps");
	while (fgets(line, sizeof(line), f)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from <= (uintptr_t)start && to > (uintptr_t)start;
		else if (here && sscanf(line, "%31s %zu", head, &kb) == 2 && !strcmp(head, "AnonHugePages:"))
			break;
	}
	fclose(f);
	return kb << 10;
}

static void check(const struct variant *v)
{
	size_t off, len = v->flags & SMALL_ONLY ? SMALL : HUGE;

	for (off = 0; off < length; off += HUGE)
		if (memcmp(dst + off, file + off, len))
			errx(1, "%s: other content at %zu", v->name, off);
	/* What is not of huge pages measures something else. */
	if ((v->flags & THP_DST) && huge_bytes(dst) != length)
		errx(1, "%s: %zu of %zu bytes are huge pages", v->name, huge_bytes(dst), length);
}

static void prepare(const struct variant *v)
{
	size_t off;

	file = mmap(NULL, length, PROT_READ, MAP_SHARED | MAP_POPULATE, file_fd, 0);
	if (file == MAP_FAILED)
		err(1, "mmap of the file");
	dst = map_huge_aligned(length, v->flags & THP_DST ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	buffer = map_huge_aligned(HUGE, MADV_HUGEPAGE);
	memset(buffer, 1, HUGE);
	waited = calloc(length / HUGE, sizeof(*waited));
	start_server();
	if (v->flags & STAGED)
		staging = map_huge_aligned(length, MADV_HUGEPAGE);
	if (v->flags & STAGING_TOUCHED)
		for (off = 0; off < length; off += HUGE)
			staging[off] = 1;
	if (v->flags & STAGING_FILLED)
		memcpy(staging, file, length);
	if (v->flags & USES_UFFD)
		open_uffd();
	resolve = v->resolve;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(const struct variant *v)
{
	size_t nr = length / HUGE;
	uint64_t start;

	prepare(v);
	start = now_ns();
	v->run();
	printf("each us %.2f\n", (now_ns() - start) / 1e3 / nr);
	if (waited[0]) {
		qsort(waited, nr, sizeof(*waited), compare);
		printf("p99 us %.2f\n", waited[nr * 99 / 100] / 1e3);
	}
	check(v);
}

int main(int argc, char **argv)
{
	struct stat st;
	size_t i;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
			puts(variants[i].name);
		return 0;
	}
	if (argc != 3)
		errx(2, "usage: move VARIANT FILE");
	file_fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (file_fd < 0 || fstat(file_fd, &st))
		err(1, "%s", argv[2]);
	length = st.st_size & ~(HUGE - 1);
	for (i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		if (!strcmp(variants[i].name, argv[1])) {
			measure(&variants[i]);
			return 0;
		}
	errx(2, "%s: no such variant", argv[1]);
}
