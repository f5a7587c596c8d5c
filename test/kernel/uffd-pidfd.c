// SPDX-License-Identifier: GPL-2.0
/* A userfaultfd for another process, by pidfd: what it can do, without the process taking part. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "uffd-of.h"

/* Mapped by what is executed only. */
#define AFTER_EXEC 0x200000000000UL

/* The caller's own thread in place of a pidfd, since Linux 6.14 */
#ifndef PIDFD_SELF
#define PIDFD_SELF -10000
#endif

static const char *self;

static int open_pagemap(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	MUST(fd >= 0);
	return fd;
}

static long nr_written(int pagemap, bool protect)
{
	return scan_of(pagemap, (uintptr_t)memory, NR_PAGES * PAGE, PAGE_IS_WRITTEN, PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
		       protect);
}

static void check_writes(pid_t pid, const char *what)
{
	int pagemap = open_pagemap(pid), fd = target_register(pid);
	long nr;

	CHECK(fd >= 0, "%s: no userfaultfd: %s", what, strerror(-fd));
	nr = nr_written(pagemap, true);
	CHECK(nr == NR_PAGES, "%s: %ld pages are written at first", what, nr);
	nr = nr_written(pagemap, true);
	CHECK(nr == 0, "%s: %ld pages are written after they were protected", what, nr);

	target_write(pid, 3);
	nr = nr_written(pagemap, false);
	CHECK(nr == 1, "%s: %ld pages are written after 1 was", what, nr);
	nr = scan_of(pagemap, (uintptr_t)memory + 3 * PAGE, PAGE, PAGE_IS_WRITTEN, 0, false);
	CHECK(nr == 1, "%s: another page than that which was written to", what);

	/* As with any userfaultfd, the end of the last descriptor is the end of it. */
	close(fd);
	nr = scan_of(pagemap, (uintptr_t)memory, NR_PAGES * PAGE, PAGE_IS_WRITTEN, 0, false);
	CHECK(nr == -EPERM, "%s: memory is registered after the descriptor was closed: %ld", what, nr);
	close(pagemap);
	printf("pass %s\n", what);
}

/* With a filter that kills it if it opens one itself. */
static void no_userfaultfd(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_userfaultfd, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	MUST(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0));
}

static void check_flags(void)
{
	int pidfd = syscall(SYS_pidfd_open, getpid(), 0), fd;

	MUST(pidfd >= 0);
	fd = new_by_pidfd(pidfd, 1 << 30);
	CHECK(fd == -EINVAL, "unknown flag: %d", fd);
	fd = new_by_pidfd(pidfd, UFFD_USER_MODE_ONLY | O_CLOEXEC | O_NONBLOCK);
	CHECK(fd >= 0, "known flags: %s", strerror(-fd));
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC, "O_CLOEXEC had no effect");
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK, "O_NONBLOCK had no effect");
	close(fd);
	fd = new_by_pidfd(fileno(stdin), 0);
	CHECK(fd == -EBADF, "stdin as a pidfd: %d", fd);
	close(pidfd);
	printf("pass flags\n");
}

static void check_self(void)
{
	bool known = !syscall(SYS_pidfd_send_signal, PIDFD_SELF, 0, NULL, 0);
	int fd = new_by_pidfd(PIDFD_SELF, O_CLOEXEC), ret;

	if (!known) {
		CHECK(fd == -EBADF, "PIDFD_SELF, which the kernel does not know: %d", fd);
		printf("no PIDFD_SELF here\n");
		return;
	}
	CHECK(fd >= 0, "PIDFD_SELF: %s", strerror(-fd));
	ret = uffd_try(fd, (uintptr_t)memory, NR_PAGES * PAGE);
	CHECK(!ret, "memory of PIDFD_SELF: %s", strerror(-ret));
	close(fd);
	printf("pass PIDFD_SELF\n");
}

static void check_ended(void)
{
	pid_t pid = target_start(NULL);
	int pidfd = syscall(SYS_pidfd_open, pid, 0), fd;
	siginfo_t info;

	MUST(pidfd >= 0 && !kill(pid, SIGKILL));
	MUST(!waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	fd = new_by_pidfd(pidfd, 0);
	CHECK(fd == -ESRCH, "a process that has ended: %d", fd);
	MUST(waitpid(pid, NULL, 0) == pid);
	fd = new_by_pidfd(pidfd, 0);
	CHECK(fd == -ESRCH, "a process that was waited for: %d", fd);
	close(pidfd);
	printf("pass ESRCH\n");
}

static void check_kernel_thread(void)
{
	char name[32] = "";
	FILE *f = fopen("/proc/2/comm", "re");
	int fd;

	if (!f || !fgets(name, sizeof(name), f) || strcmp(name, "kthreadd\n")) {
		printf("no kernel threads are seen here\n");
		return;
	}
	fclose(f);
	fd = new_by_pid(2);
	CHECK(fd == -ESRCH, "a kernel thread: %d", fd);
	printf("pass kernel thread\n");
}

/* What is executed instead of the target. */
static void __attribute__((noreturn)) executed(int ready)
{
	void *p;

	p = mmap((void *)AFTER_EXEC, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	MUST(p == (void *)AFTER_EXEC);
	memset(p, 1, PAGE);
	MUST(write(ready, "", 1) == 1);
	for (;;)
		pause();
}

/* The userfaultfd stays with the memory that there was; another one is for what there is then. */
static void check_exec(void)
{
	int go[2], ready[2], old, new, ret;
	char c, number[16];
	pid_t pid;

	MUST(!pipe(go) && !pipe(ready));
	pid = fork();
	MUST(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		MUST(read(go[0], &c, 1) == 1);
		snprintf(number, sizeof(number), "%d", ready[1]);
		execl(self, self, number, NULL);
		_exit(1);
	}

	old = target_register(pid);
	CHECK(old >= 0, "no userfaultfd before exec: %s", strerror(-old));
	MUST(write(go[1], "", 1) == 1 && read(ready[0], &c, 1) == 1);

	ret = uffd_try_register(old, AFTER_EXEC, PAGE);
	CHECK(ret == -ENOMEM || ret == -ESRCH, "one from before the exec registers what is there now: %d", ret);
	new = new_by_pid(pid);
	CHECK(new >= 0, "no userfaultfd after exec: %s", strerror(-new));
	ret = uffd_try(new, AFTER_EXEC, PAGE);
	CHECK(!ret, "one from after the exec does not register: %s", strerror(-ret));

	target_end(pid);
	ret = uffd_try_register(new, AFTER_EXEC, PAGE);
	CHECK(ret == -ENOMEM || ret == -ESRCH, "after the end of the process: %d", ret);
	close(old);
	close(new);
	printf("pass exec\n");
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc > 1)
		executed(atoi(argv[1]));

	self = argv[0];
	setvbuf(stdout, NULL, _IOLBF, 0);
	targets_init();

	pid = target_start(NULL);
	check_writes(pid, "writes of another process");
	target_end(pid);

	pid = target_start(no_userfaultfd);
	check_writes(pid, "of one whose seccomp filter forbids userfaultfd");
	target_end(pid);

	check_flags();
	check_self();
	check_ended();
	check_kernel_thread();
	check_exec();
	fixed("a userfaultfd for another process works");
}
