// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "uffd-of.h"

#define NR_REGIONS 512

/* Shared with the targets: page to write to, and how many were written to. */
struct orders {
	volatile int page;
	volatile int done;
};

char *memory;
static struct orders *orders;
static int dev;

int new_by_pidfd(int pidfd, uint32_t flags)
{
	struct userfaultfd_new_pidfd arg = { .pidfd = pidfd, .flags = flags };
	int fd = ioctl(dev, USERFAULTFD_IOC_NEW_PIDFD, &arg);

	return fd < 0 ? -errno : fd;
}

int new_by_pid(pid_t pid)
{
	int pidfd, fd;

	pidfd = syscall(SYS_pidfd_open, pid, 0);
	MUST(pidfd >= 0);
	fd = new_by_pidfd(pidfd, O_CLOEXEC);
	close(pidfd);
	return fd;
}

void targets_init(void)
{
	int ret;

	if (getuid())
		not_applicable("this takes root");
	dev = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		not_applicable("no /dev/userfaultfd");

	ret = new_by_pidfd(-1, 0);
	CHECK(ret != -EINVAL, "the kernel lacks USERFAULTFD_IOC_NEW_PIDFD");
	CHECK(ret == -EBADF, "pidfd -1: %s", strerror(-ret));

	memory = mmap(NULL, NR_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	orders = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(memory != MAP_FAILED && orders != MAP_FAILED);
}

static void obey(int sig)
{
	(void)sig;
	memory[orders->page * PAGE]++;
	orders->done++;
}

pid_t target_start(void (*fn)(void))
{
	int ready[2];
	pid_t pid;
	char c;

	MUST(!pipe2(ready, O_CLOEXEC));
	pid = fork();
	MUST(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGUSR1, obey);
		memset(memory, 1, NR_PAGES * PAGE);
		if (fn)
			fn();
		MUST(write(ready[1], "", 1) == 1);
		for (;;)
			pause();
	}

	close(ready[1]);
	MUST(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	return pid;
}

void target_end(pid_t pid)
{
	kill(pid, SIGKILL);
	MUST(waitpid(pid, NULL, 0) == pid);
}

void target_write(pid_t pid, int nr)
{
	int done = orders->done, ms;

	orders->page = nr;
	MUST(!kill(pid, SIGUSR1));
	for (ms = 0; orders->done == done; ms++) {
		CHECK(ms < 10000, "the target does not write");
		usleep(1000);
	}
}

int target_register(pid_t pid)
{
	int fd = new_by_pid(pid), ret;

	if (fd < 0)
		return fd;

	ret = uffd_try(fd, (uintptr_t)memory, NR_PAGES * PAGE);
	if (!ret)
		return fd;
	close(fd);
	return ret;
}

int uffd_try_register(int uffd, uint64_t start, uint64_t len)
{
	struct uffdio_register reg = { .range = { start, len }, .mode = UFFDIO_REGISTER_MODE_WP };

	return ioctl(uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

int uffd_try(int uffd, uint64_t start, uint64_t len)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };

	return ioctl(uffd, UFFDIO_API, &api) ? -errno : uffd_try_register(uffd, start, len);
}

long scan_of(int pagemap, uint64_t start, uint64_t len, uint64_t mask, uint64_t anyof, bool protect)
{
	struct page_region regions[NR_REGIONS];
	struct pm_scan_arg arg = {
		.size = sizeof(arg),
		.flags = PM_SCAN_CHECK_WPASYNC | (protect ? PM_SCAN_WP_MATCHING : 0),
		.start = start,
		.end = start + len,
		.vec = (uintptr_t)regions,
		.vec_len = NR_REGIONS,
		.category_mask = mask,
		.category_anyof_mask = anyof,
		.return_mask = mask | anyof,
	};
	long bytes = 0;

	while (arg.start < arg.end) {
		int i, nr = ioctl(pagemap, PAGEMAP_SCAN, &arg);

		if (nr < 0)
			return -errno;
		for (i = 0; i < nr; i++)
			bytes += regions[i].end - regions[i].start;
		arg.start = arg.walk_end;
	}

	return bytes / PAGE;
}
