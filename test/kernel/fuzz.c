// SPDX-License-Identifier: GPL-2.0
/*
 * Calls PAGEMAP_SCAN, the ioctls of userfaultfd and the system calls that change mappings, with random arguments and
 * from several threads, and looks whether what a scan returns can be true. Crashes and the like are for the kernel
 * log to tell.
 *
 * usage: fuzz SECONDS [SEED]
 *
 * Every round is a new process, with its own seed, that is killed after some seconds: threads that wait for a message
 * of a userfaultfd wait for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ktest.h"

#define ARENA ((char *)0x100000000000UL)
#define ARENA_PAGES 8192UL
#define THREADS 4
#define UFFDS 4
#define ROUND_SECONDS 4
#define MAX_REGIONS 1024

/* Of Linux 7.3 */
#define REGISTER_MODE_RWP (1 << 3)
#define FEATURE_RWP (1 << 17)
#define FEATURE_RWP_ASYNC (1 << 18)

static uint64_t features_known;

/* Of the process of this round. */
static int uffds[UFFDS], files[4], pagemap, device;

/* Of the thread. */
static __thread uint64_t state;
static __thread sigjmp_buf recover;
static __thread volatile sig_atomic_t can_recover;

static uint64_t rnd(void)
{
	/* xorshift64* */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545F4914F6CDD1DULL;
}

static uint64_t below(uint64_t n)
{
	return (rnd() >> 16) % n;
}

static bool one_in(unsigned n)
{
	return below(n) == 0;
}

/* A sum of some of the bits; now and then of any. */
static uint64_t some_of(uint64_t bits)
{
	return one_in(100) ? rnd() : rnd() & bits & (one_in(2) ? rnd() : UINT64_MAX);
}

struct range {
	char *start;
	size_t length; /* not 0 */
};

static struct range some_range(void)
{
	static const unsigned long sizes[] = { 1, 2, 8, 64, 512, 1024, ARENA_PAGES };
	unsigned long pages = 1 + below(sizes[below(sizeof(sizes) / sizeof(sizes[0]))]);
	unsigned long start = below(ARENA_PAGES - pages + 1);

	if (one_in(16)) {
		start = 0;
		pages = ARENA_PAGES;
	} else if (one_in(3)) {
		start &= ~511UL;
		if (pages > 512)
			pages &= ~511UL;
	}
	return (struct range){ ARENA + start * PAGE, pages * PAGE };
}

static void fail(const char *what, const struct pm_scan_arg *arg, long n)
{
	printf("%s: start %#llx end %#llx walk_end %#llx flags %#llx max_pages %llu vec_len %llu regions %ld "
	       "inverted %#llx mask %#llx anyof %#llx return %#llx\n",
	       what, (long long)arg->start, (long long)arg->end, (long long)arg->walk_end, (long long)arg->flags,
	       (long long)arg->max_pages, (long long)arg->vec_len, n, (long long)arg->category_inverted,
	       (long long)arg->category_mask, (long long)arg->category_anyof_mask, (long long)arg->return_mask);
	fflush(stdout);
	_exit(DEFECT);
}

static void check_scan(const struct pm_scan_arg *arg, const struct page_region *regions, long n)
{
	uint64_t last = arg->start, pages = 0;

	for (long i = 0; i < n; i++) {
		const struct page_region *r = &regions[i];

		if (r->start < last || r->end <= r->start || r->start % PAGE || r->end % PAGE)
			fail("regions are not in order", arg, n);
		if (r->end > arg->walk_end)
			fail("a region behind walk_end", arg, n);
		if (r->categories & ~arg->return_mask)
			fail("categories that were not asked for", arg, n);
		last = r->end;
		pages += (r->end - r->start) / PAGE;
	}
	if (n > (long)arg->vec_len || (arg->max_pages && pages > arg->max_pages))
		fail("too much", arg, n);
	if (arg->walk_end < arg->start || arg->walk_end > (arg->end + PAGE - 1) / PAGE * PAGE)
		fail("walk_end is out of the range", arg, n);
}

static void do_scan(void)
{
	static __thread struct page_region regions[MAX_REGIONS];
	/* What older kernels don't know they refuse. */
	const uint64_t categories = one_in(2) ? 0x7f : one_in(2) ? 0x1ff : 0x3ff;
	struct range r = some_range();
	struct pm_scan_arg arg = {
		.size = one_in(200) ? rnd() : sizeof(arg),
		.flags = some_of(PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC),
		.start = (uintptr_t)r.start,
		.end = (uintptr_t)r.start + r.length,
		.vec = one_in(8) ? 0 : (uintptr_t)regions,
		.max_pages = one_in(2) ? 0 : below(2000),
	};
	long n;

	/* More than the 512 that the kernel collects before it goes on. */
	arg.vec_len = !arg.vec ? 0 : one_in(3) ? MAX_REGIONS : 1 + below(one_in(2) ? MAX_REGIONS : 4);
	if (one_in(4)) {
		/* as the tracker does it */
		arg.category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED;
		arg.return_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED | PAGE_IS_WRITTEN;
	} else if (one_in(3)) {
		arg.category_mask = arg.return_mask = PAGE_IS_WRITTEN;
	} else {
		arg.category_inverted = some_of(categories);
		arg.category_mask = some_of(categories);
		arg.category_anyof_mask = some_of(categories);
		arg.return_mask = some_of(categories);
	}
	if (one_in(50))
		arg.end += below(PAGE);
	if (one_in(100))
		arg.start += below(PAGE);
	if (one_in(200))
		arg.vec = rnd();
	n = ioctl(pagemap, PAGEMAP_SCAN, &arg);
	if (n >= 0 && arg.vec == (uintptr_t)regions)
		check_scan(&arg, regions, n);
}

/* By a pidfd, of this process or of its parent; sometimes by what is no pidfd. -1 where the kernel can't. */
static int new_by_pidfd(int flags)
{
	int pidfd = syscall(SYS_pidfd_open, one_in(8) ? getppid() : getpid(), 0), fd;
	struct userfaultfd_new_pidfd arg = { one_in(20) ? (int)below(20) : pidfd, flags };

	fd = ioctl(device, USERFAULTFD_IOC_NEW_PIDFD, &arg);
	close(pidfd);
	return fd;
}

static void open_uffd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int flags = O_CLOEXEC | O_NONBLOCK | (one_in(2) ? UFFD_USER_MODE_ONLY : 0), fd = -1;

	if (one_in(4))
		fd = new_by_pidfd(flags);
	if (fd < 0)
		fd = syscall(SYS_userfaultfd, flags);

	if (!one_in(4))
		api.features = UFFD_FEATURE_WP_ASYNC |
			       (one_in(3) ? features_known & UFFD_FEATURE_WP_NO_POPULATE : 0);
	else if (features_known & FEATURE_RWP && one_in(3))
		api.features = FEATURE_RWP | (one_in(2) ? FEATURE_RWP_ASYNC : 0) |
			       (one_in(2) ? UFFD_FEATURE_WP_ASYNC : 0);
	else if (!one_in(3))
		api.features = UFFD_FEATURE_SIGBUS | (one_in(2) ? UFFD_FEATURE_WP_UNPOPULATED | 1 << 12 : 0);
	else
		api.features = some_of(0x1ffff & ~(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP |
						   UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_UNMAP));
	ioctl(fd, UFFDIO_API, &api);
	close(__atomic_exchange_n(&uffds[below(UFFDS)], fd, __ATOMIC_RELAXED));
}

static void do_uffd(void)
{
	struct range r = some_range(), other = some_range();
	struct uffdio_range range = { (uintptr_t)r.start, r.length };
	/* Room for the largest argument. */
	uint64_t arg[8] = { range.start, range.len, some_of(3), 0, 0, 0, 0, 0 };
	int fd = uffds[below(UFFDS)];

	switch (below(13)) {
	case 0:
		open_uffd();
		break;
	case 1:
	case 2:
	case 3:
		arg[2] = !one_in(4) ? UFFDIO_REGISTER_MODE_WP : one_in(4) ? REGISTER_MODE_RWP : some_of(15);
		if (one_in(8))
			arg[2] |= UFFDIO_REGISTER_MODE_EXACT;
		ioctl(fd, UFFDIO_REGISTER, arg);
		break;
	case 4:
		ioctl(fd, UFFDIO_UNREGISTER, &range);
		break;
	case 5:
	case 6:
	case 7:
		ioctl(fd, UFFDIO_WRITEPROTECT, arg);
		break;
	case 8:
		ioctl(fd, UFFDIO_ZEROPAGE, arg);
		break;
	case 9: {
		struct uffdio_copy copy = { range.start, (uintptr_t)other.start, PAGE * (1 + below(8)), some_of(3), 0 };

		ioctl(fd, UFFDIO_COPY, &copy);
		break;
	}
	case 10:
		/* UFFDIO_POISON, UFFDIO_CONTINUE */
		ioctl(fd, one_in(2) ? _IOWR(UFFDIO, 8, uint64_t[4]) : _IOWR(UFFDIO, 7, uint64_t[4]), arg);
		break;
	case 11:
		/* UFFDIO_MOVE */
		arg[1] = (uintptr_t)other.start;
		arg[2] = r.length;
		arg[3] = some_of(3);
		ioctl(fd, _IOWR(UFFDIO, 5, uint64_t[5]), arg);
		break;
	case 12:
		/* UFFDIO_RWPROTECT, UFFDIO_SET_MODE */
		if (!one_in(4)) {
			ioctl(fd, _IOWR(UFFDIO, 9, uint64_t[3]), arg);
		} else {
			arg[0] = one_in(2) ? FEATURE_RWP_ASYNC : 0;
			arg[1] = FEATURE_RWP_ASYNC & ~arg[0];
			ioctl(fd, _IOW(UFFDIO, 10, uint64_t[2]), arg);
		}
		break;
	}
}

static void do_map(void)
{
	struct range r = some_range();
	int prot = one_in(8) ? PROT_NONE : one_in(8) ? PROT_READ : PROT_READ | PROT_WRITE, fd = -1;
	int flags = MAP_FIXED | MAP_NORESERVE | (one_in(3) ? MAP_SHARED : MAP_PRIVATE);

	if (one_in(2)) {
		fd = files[below(4)];
	} else {
		flags |= MAP_ANONYMOUS;
		if (one_in(6))
			flags |= MAP_HUGETLB;
	}
	mmap(r.start, r.length, prot, flags, fd, below(512) * PAGE);
}

static void do_advice(void)
{
	/* DONTNEED .. MADV_FREE, REMOVE, DONTFORK .. UNMERGEABLE, HUGEPAGE .. COLLAPSE, GUARD_* */
	static const int advice[] = { 4,  4,  4,  8,  9,  10, 11, 12, 13, 14, 14,  15,
				      18, 19, 20, 21, 21, 22, 23, 24, 25, 102, 102, 103 };
	struct range r = some_range();

	madvise(r.start, r.length, advice[below(sizeof(advice) / sizeof(advice[0]))]);
}

static void do_remap(void)
{
	struct range from = some_range(), to = some_range();
	int flags = MREMAP_MAYMOVE | (one_in(3) ? 0 : MREMAP_FIXED) | (one_in(4) ? 4 /* MREMAP_DONTUNMAP */ : 0);
	size_t length = one_in(3) ? to.length : from.length;

	if (!(flags & MREMAP_FIXED))
		length = from.length; /* it has to stay in the arena: where else it goes to is not known */
	mremap(from.start, from.length, length, flags & MREMAP_FIXED ? flags : 0, to.start);
}

static void do_unmap(void)
{
	struct range r = some_range();

	if (one_in(4))
		munmap(r.start, r.length);
	else
		mprotect(r.start, r.length, one_in(4) ? PROT_NONE : one_in(3) ? PROT_READ : PROT_READ | PROT_WRITE);
}

static void do_touch(void)
{
	struct range r = some_range();
	size_t step = one_in(2) ? PAGE : one_in(2) ? 2 * PAGE : 16 * PAGE;
	bool write = one_in(2);

	can_recover = 1;
	if (sigsetjmp(recover, 0) == 0)
		for (size_t i = 0; i < r.length; i += step) {
			volatile char *p = r.start + i;

			if (write)
				*p = i;
			else
				(void)*p;
		}
	can_recover = 0;
}

/* Pins, and so unshares. */
static void do_pin(void)
{
	static __thread char buffer[256 << 10];
	struct range r = some_range();
	struct iovec local = { buffer, sizeof(buffer) };
	struct iovec remote = { r.start, r.length < sizeof(buffer) ? r.length : sizeof(buffer) };

	if (one_in(2))
		process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	else
		process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
}

static void do_fork(void)
{
	pid_t pid = fork();

	if (pid != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(2);
	for (int i = 0; i < 20; i++) {
		do_touch();
		if (one_in(3))
			do_advice();
		if (one_in(3))
			do_scan();
	}
	_exit(0);
}

static void do_truncate(void)
{
	int fd = files[below(4)];

	if (one_in(3))
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, below(512) * PAGE, (1 + below(64)) * PAGE);
	else if (ftruncate(fd, one_in(2) ? below(1024) * PAGE : 1024 * PAGE))
		return;
}

static void on_fault(int number)
{
	if (can_recover) {
		can_recover = 0;
		siglongjmp(recover, 1);
	}
	signal(number, SIG_DFL);
}

static void *work(void *seed)
{
	static void (*const actions[])(void) = { do_scan,   do_scan,  do_scan,	do_scan,  do_uffd,  do_uffd,
						 do_uffd,   do_map,   do_advice, do_remap, do_unmap, do_touch,
						 do_touch,  do_pin,   do_fork,	do_truncate };

	state = (uintptr_t)seed;
	for (;;) {
		unsigned action = below(sizeof(actions) / sizeof(actions[0]));

		/* A fork takes a while. */
		if (actions[action] == do_fork && !one_in(20))
			continue;
		actions[action]();
	}
	return NULL;
}

/* Does not return. */
static void round_of(uint64_t seed)
{
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	signal(SIGCHLD, SIG_IGN);
	state = seed;
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	if (pagemap < 0 || mmap(ARENA, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != ARENA)
		error("arena");
	for (int i = 0; i < 4; i++) {
		files[i] = syscall(SYS_memfd_create, "fuzz", i == 3 ? MFD_HUGETLB : 0);
		if (ftruncate(files[i], 1024 * PAGE))
			error("memfd");
	}
	for (int i = 0; i < UFFDS; i++)
		uffds[i] = -1;
	for (int i = 0; i < UFFDS * 2; i++)
		open_uffd();
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, work, (void *)(rnd() | 1)))
			error("pthread_create");
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL) * 1000003 + getpid();
	unsigned rounds = 0, ended = 0;
	FILE *f = fopen("/proc/sys/vm/nr_hugepages", "we");

	setvbuf(stdout, NULL, _IOLBF, 0);
	features_known = uffd_features();
	device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	printf("seed %llu\n", (unsigned long long)seed);
	if (f) {
		fprintf(f, "16\n");
		fclose(f);
	}
	for (; time(NULL) < end; rounds++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			round_of((seed + rounds) * 0x9E3779B97F4A7C15ULL | 1);
		for (int i = 0; i < ROUND_SECONDS * 10; i++) {
			usleep(100000);
			if (waitpid(pid, &status, WNOHANG) != pid)
				continue;
			if (WIFEXITED(status) && WEXITSTATUS(status) == DEFECT)
				defect("round %u", rounds);
			/* By a signal that nobody catches: the memory was gone, say. */
			ended++;
			pid = 0;
			break;
		}
		if (pid) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
		}
	}
	fixed("%u rounds, %u of which ended before their time", rounds, ended);
}
