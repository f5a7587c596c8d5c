// SPDX-License-Identifier: GPL-2.0
/* The keeper keeps nothing of the process that starts it, outlives it, and the starter notices no child. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "common.h"

static volatile sig_atomic_t got_sigchld;

static void on_sigchld(int sig)
{
	(void)sig;
	got_sigchld = 1;
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void link_of(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[128];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	len = readlink(path, buf, size - 1);
	must(len >= 0);
	buf[len] = '\0';
}

static void read_file(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	file = fopen(path, "re");
	must(file);
	len = fread(buf, 1, size - 1, file);
	buf[len] = '\0';
	fclose(file);
}

static void check_fds(pid_t pid)
{
	char path[64], link[4096];
	struct dirent *entry;
	DIR *dir;
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		snprintf(path, sizeof(path), "fd/%d", fd);
		link_of(pid, path, link, sizeof(link));
		if (strcmp(link, "/dev/null"))
			fail("fd %d is %s", fd, link);
	}

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	must(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "fd/%.16s", entry->d_name);
		link_of(pid, path, link, sizeof(link));
		if (strstr(link, "inherited") || strncmp(link, "pipe:", 5) == 0)
			fail("fd %s is %s", entry->d_name, link);
	}
	closedir(dir);
}

static uint64_t status_mask(pid_t pid, const char *name)
{
	char status[8192], *line;
	uint64_t mask;

	read_file(pid, "status", status, sizeof(status));
	line = strstr(status, name);
	must(line && sscanf(line + strlen(name), ":%lx", &mask) == 1);
	return mask;
}

static void check_process(pid_t pid)
{
	const uint64_t expected_blocked = (1ULL << (SIGTERM - 1)) | (1ULL << (SIGINT - 1));
	/* Signals 32 and 33: glibc's posix_spawn(3), which make uses, leaves them ignored, and signal(2) refuses them. */
	const uint64_t c_library = 3ULL << 31;
	char buf[8192];
	int ppid, pgrp, session, tty;

	link_of(pid, "cwd", buf, sizeof(buf));
	if (strcmp(buf, "/"))
		fail("its working directory is %s", buf);

	read_file(pid, "environ", buf, sizeof(buf));
	if (buf[0])
		fail("it has the environment %s", buf);

	read_file(pid, "stat", buf, sizeof(buf));
	must(sscanf(buf, "%*d (uffd-wp-keeper) %*c %d %d %d %d", &ppid, &pgrp, &session, &tty) == 4);
	/* Neither our child nor in our session nor leader of its own, which could acquire a terminal. */
	if (ppid == getpid() || session == getsid(0) || session == pid || tty)
		fail("ppid %d, session %d, tty %d", ppid, session, tty);

	must(status_mask(pid, "SigBlk") == expected_blocked);
	must((status_mask(pid, "SigIgn") & ~c_library) == 0);
	must(status_mask(pid, "SigCgt") == 0);
	must(status_mask(pid, "ShdPnd") == 0);

	read_file(pid, "status", buf, sizeof(buf));
	if (!strstr(buf, "Umask:\t0077"))
		fail("its umask is not 0077");
}

/* Where the starter's group can be left at all. */
static void check_cgroups(pid_t pid)
{
	char cgroups[8192], *line, *save = NULL;

	if (access("/sys/fs/cgroup/cgroup.procs", W_OK) && access("/sys/fs/cgroup/memory/cgroup.procs", W_OK))
		return;

	read_file(pid, "cgroup", cgroups, sizeof(cgroups));
	for (line = strtok_r(cgroups, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (line[strlen(line) - 2] != ':')
			fail("it is in the cgroup %s", line);
}

/* As bad a starter as can be: CRIU has all of these somewhere. */
static void set_up_starter(void)
{
	struct itimerval often = { .it_interval.tv_usec = 2000, .it_value.tv_usec = 2000 };
	struct sigaction alarm_action = { .sa_handler = on_alarm };
	struct sigaction child_action = { .sa_handler = on_sigchld };
	sigset_t set;
	int fd, i;

	must(mkdir("/run/inherited", 0700) == 0 && chdir("/run/inherited") == 0);
	for (i = 0; i < 50; i++) {
		/* Without close-on-exec. */
		fd = open("/run/inherited/file", O_CREAT | O_RDWR, 0600);
		must(fd >= 0);
	}
	must(dup2(fd, 900) == 900);

	must(sigaction(SIGALRM, &alarm_action, NULL) == 0);
	must(sigaction(SIGCHLD, &child_action, NULL) == 0);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGHUP);
	must(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	umask(0);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", "1", 1);
	must(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

static void stop_timer(void)
{
	const struct itimerval never = { 0 };

	must(setitimer(ITIMER_REAL, &never, NULL) == 0);
}

static void check_starter(void)
{
	stop_timer();
	if (got_sigchld)
		fail("the starter got SIGCHLD");
	must(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	must(waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD);
}

/* In a process of its own, that ends: the keeper must outlive it. */
static void __attribute__((noreturn)) run_starter(int pid_fd, bool ignore_children, bool close_stdio)
{
	pid_t pid;
	int sk, fds;

	setsid();
	set_up_starter();
	if (ignore_children)
		signal(SIGCHLD, SIG_IGN);
	if (close_stdio) {
		close(0);
		close(2);
	}

	fds = count_fds(getpid());
	sk = connect_keeper();
	must(count_fds(getpid()) == fds + 1);
	check_starter();
	pid = keeper_pid(sk);
	check_fds(pid);
	check_process(pid);
	check_cgroups(pid);
	must(write(pid_fd, &pid, sizeof(pid)) == sizeof(pid));
	_exit(0);
}

static void try(bool ignore_children, bool close_stdio)
{
	int fds[2], status;
	pid_t starter, pid = 0;

	must(system("rm -rf /run/inherited") == 0);
	must(pipe(fds) == 0);
	starter = fork();
	must(starter >= 0);
	if (!starter)
		run_starter(fds[1], ignore_children, close_stdio);
	close(fds[1]);

	must(waitpid(starter, &status, 0) == starter);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		_exit(1);
	must(read(fds[0], &pid, sizeof(pid)) == sizeof(pid));
	close(fds[0]);

	sleep_ms(100);
	must(is_alive(pid));
	end_keeper(pid);
}

void test(void)
{
	try(false, false);
	try(true, false);
	try(false, true);
}
