// SPDX-License-Identifier: GPL-2.0
/*
 * Who may have a userfaultfd of another process, by pidfd: who may attach to it by ptrace(2). All callers here have the
 * device open, that is not what decides.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "uffd-of.h"

#define USER 1000
#define OTHER 1001
/* Mapped only by a program that the caller may not attach to. */
#define SECRET 0x200000000000UL
#define RACE_SECONDS 10

static void become(uid_t uid)
{
	MUST(!setgroups(0, NULL) && !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid));
	/* A change of credentials makes a process not dumpable, which forbids to attach to it. */
	MUST(!prctl(PR_SET_DUMPABLE, 1));
}

static void as_root(void)
{
}

static void as_user(void)
{
	become(USER);
}

static void as_other(void)
{
	become(OTHER);
}

static void as_user_not_dumpable(void)
{
	become(USER);
	MUST(!prctl(PR_SET_DUMPABLE, 0));
}

static void as_user_with_ptrace(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { 0 };

	MUST(!prctl(PR_SET_KEEPCAPS, 1));
	become(USER);
	caps[0].permitted = caps[0].effective = 1 << CAP_SYS_PTRACE;
	MUST(!syscall(SYS_capset, &header, caps));
}

/* root of a user namespace of its own, with all capabilities there and none here */
static void as_root_of_userns(void)
{
	char map[32];
	int fd;

	become(USER);
	MUST(!unshare(CLONE_NEWUSER));
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	MUST(fd >= 0);
	snprintf(map, sizeof(map), "0 %d 1", USER);
	MUST(write(fd, map, strlen(map)) == (ssize_t)strlen(map));
	close(fd);
	MUST(getuid() == 0 && !prctl(PR_SET_DUMPABLE, 1));
}

static const struct {
	const char *name;
	void (*caller)(void);
	void (*target)(void);
	int expected; /* 0: a userfaultfd that works */
} cases[] = {
	{ "root, of a user", as_root, as_user, 0 },
	{ "root, of one in a user namespace", as_root, as_root_of_userns, 0 },
	{ "user, of the same user", as_user, as_user, 0 },
	{ "owner of a user namespace, of its root", as_user, as_root_of_userns, 0 },
	{ "user with CAP_SYS_PTRACE, of root", as_user_with_ptrace, as_root, 0 },
	{ "user, of root", as_user, as_root, -EPERM },
	{ "user, of another", as_user, as_other, -EPERM },
	{ "user, of one in a user namespace of another", as_other, as_root_of_userns, -EPERM },
	{ "user, of the same that is not dumpable", as_user, as_user_not_dumpable, -EPERM },
	{ "root of a user namespace, of root", as_root_of_userns, as_root, -EPERM },
	{ "root of a user namespace, of another user", as_root_of_userns, as_other, -EPERM },
};

/* The caller, in a process of its own. */
static int call(void (*caller)(void), pid_t target)
{
	int status, fd;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (!pid) {
		caller();
		fd = target_register(target);
		_exit(fd < 0 ? -fd : 0);
	}

	MUST(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status), "the caller died: %#x", status);
	return -WEXITSTATUS(status);
}

static void check_cases(void)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid = target_start(cases[i].target);
		int ret = call(cases[i].caller, pid);

		CHECK(ret == cases[i].expected, "%s: %s", cases[i].name, strerror(-ret));
		printf("pass %s: %s\n", cases[i].name, ret ? strerror(-ret) : "may");
		target_end(pid);
	}
}

/* A program with the set-user-ID bit: memory that its user must not get at. */
static void __attribute__((noreturn)) privileged(void)
{
	void *p = mmap((void *)SECRET, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	_exit(p != (void *)SECRET || geteuid());
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* While the user's process executes that program: a userfaultfd is one of the memory before, or there is none. */
static void race_once(const char *program, long *got, long *refused)
{
	int fds[4096], nr = 0, i, status;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (!pid) {
		prctl(PR_SET_DUMPABLE, 1);
		execl(program, program, "privileged", NULL);
		_exit(1);
	}

	while (nr < (int)(sizeof(fds) / sizeof(fds[0])) && waitpid(pid, &status, WNOHANG) == 0) {
		int fd = new_by_pid(pid);

		CHECK(fd >= 0 || fd == -EPERM || fd == -ESRCH, "during execve: %s", strerror(-fd));
		if (fd < 0) {
			*refused += fd == -EPERM;
			continue;
		}
		(*got)++;
		fds[nr++] = fd;
		CHECK(uffd_try(fd, SECRET, PAGE), "a userfaultfd of a privileged program");
		for (i = 0; i < nr; i++)
			CHECK(uffd_try_register(fds[i], SECRET, PAGE), "a userfaultfd of a privileged program");
	}

	if (nr == (int)(sizeof(fds) / sizeof(fds[0])))
		waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "the program failed: %#x", status);
	for (i = 0; i < nr; i++)
		close(fds[i]);
}

static void race(const char *program)
{
	long got = 0, refused = 0, execs = 0;
	double end = now() + RACE_SECONDS;

	become(USER);
	while (now() < end) {
		race_once(program, &got, &refused);
		execs++;
	}

	printf("%ld execs: %ld userfaultfds of the time before, %ld refused\n", execs, got, refused);
	CHECK(got && refused, "this was no race");
}

static void copy_self(const char *to)
{
	char buf[65536];
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	ssize_t len;

	MUST(in >= 0 && out >= 0);
	while ((len = read(in, buf, sizeof(buf))) > 0)
		MUST(write(out, buf, len) == len);
	MUST(len == 0 && !fchmod(out, 04755));
	close(in);
	close(out);
}

/* On a file system of its own, where set-user-ID bits count. */
static void check_race(void)
{
	char dir[] = "/tmp/uffd-pidfd.XXXXXX", program[64];
	int status;
	pid_t pid;

	MUST(mkdtemp(dir) && !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	MUST(!mount("tmpfs", dir, "tmpfs", 0, "mode=755"));
	snprintf(program, sizeof(program), "%s/program", dir);
	copy_self(program);

	pid = fork();
	MUST(pid >= 0);
	if (!pid) {
		race(program);
		exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	umount2(dir, MNT_DETACH);
	rmdir(dir);
	CHECK(!status, "race: %#x", status);
	printf("pass race with execve\n");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "privileged"))
		privileged();

	setvbuf(stdout, NULL, _IOLBF, 0);
	targets_init();
	check_cases();
	check_race();
	fixed("who may attach may have a userfaultfd, and nobody else");
}
