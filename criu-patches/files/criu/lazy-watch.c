#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/compiler.h"
#include "linux/userfaultfd.h"

#include "clone-noasan.h"
#include "cr_options.h"
#include "int.h"
#include "lazy-watch.h"
#include "live-tasks.h"
#include "log.h"
#include "page.h"
#include "util.h"

#undef LOG_PREFIX
#define LOG_PREFIX "lazy-watch: "

#define TICK_MS 200 /* how often the watcher looks whether the daemon still gets pages */
#define HOLD_MS 200 /* and, later, whether the tasks are gone */
#define END_MS	10000 /* in which killed tasks should be gone */

/* Any address will do for an ioctl() that is to fail: the lowest one that it does not refuse as such. */
#define SOME_ADDRESS (1UL << 20)

/* Memory that the daemon and the watcher share. */
struct watch {
	pid_t daemon;
	bool complete;
	uint64_t since_ms; /* when what is waited for was asked for, or when something came last; 0: nothing is */
	unsigned int nr, max;
	int pidfds[];
};

static struct watch *watch;
static pid_t watcher;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/* The pid here, 0 if there is none any more. */
static pid_t pid_of(int pidfd)
{
	char path[64], line[64];
	pid_t pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	f = fopen(path, "re");
	if (!f)
		return 0;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;

	fclose(f);
	return pid > 0 ? pid : 0;
}

/* Sends the signal to the tasks and their descendants. Returns how many processes that were. */
static long signal_tasks(int signal)
{
	unsigned int i;
	long nr = 0;

	for (i = 0; i < watch->nr; i++) {
		struct live_tasks tasks = {};
		pid_t pid = pid_of(watch->pidfds[i]);
		size_t t;

		if (pid && live_tasks_collect(pid, &tasks))
			pr_warn("Can't find the descendants of %d\n", pid);
		for (t = 0; t < tasks.nr; t++)
			if (tasks.tasks[t].pid != pid && !kill(tasks.tasks[t].pid, signal))
				nr++;
		live_tasks_free(&tasks);

		if (!syscall(SYS_pidfd_send_signal, watch->pidfds[i], signal, NULL, 0))
			nr++;
		else if (errno != ESRCH)
			pr_perror("Can't send signal %d to %d", signal, pid);
	}

	return nr;
}

static void kill_tasks(void)
{
	uint64_t end = now_ms() + END_MS;
	long nr, before = -1;
	unsigned int i;

	/* Stopped ones don't fork, so in the end all are known. */
	while ((nr = signal_tasks(SIGSTOP)) > before)
		before = nr;

	nr = signal_tasks(SIGKILL);
	if (nr)
		pr_err("Killed %ld tasks whose memory can't be completed\n", nr);

	for (i = 0; i < watch->nr; i++) {
		struct pollfd pidfd = { .fd = watch->pidfds[i], .events = POLLIN };
		uint64_t now = now_ms();

		poll(&pidfd, 1, now < end ? end - now : 0);
	}
}

/* Is it a userfaultfd, of memory that somebody has? */
static bool is_needed(int fd, const char *link)
{
	struct uffdio_writeprotect nothing = { .range = { .start = SOME_ADDRESS, .len = PAGE_SIZE } };

	if (strcmp(link, "anon_inode:[userfaultfd]"))
		return false;

	/* There is nothing to unprotect; a kernel too old for it says EINVAL and not whether the memory is gone */
	return !ioctl(fd, UFFDIO_WRITEPROTECT, &nothing) || errno != ESRCH;
}

/* Closes all descriptors but those that must not be closed yet. Returns how many these are. */
static unsigned int close_others(void)
{
	unsigned int nr = 0;
	struct dirent *de;
	DIR *dir;

	dir = opendir("/proc/self/fd");
	if (!dir) {
		pr_perror("Can't open /proc/self/fd");
		return 1;
	}

	while ((de = readdir(dir))) {
		char link[64] = "";
		int fd = atoi(de->d_name);

		if (de->d_name[0] == '.' || fd == dirfd(dir) || fd == log_get_fd())
			continue;

		if (readlinkat(dirfd(dir), de->d_name, link, sizeof(link) - 1) > 0 && is_needed(fd, link))
			nr++;
		else
			close(fd);
	}

	closedir(dir);
	return nr;
}

/* The daemon has ended before all pages were there, and will not come back. */
static int hold(void)
{
	unsigned int nr;

	if (opts.lazy_timeout != LAZY_TIMEOUT_WAIT)
		kill_tasks();

	nr = close_others();
	if (nr)
		pr_err("Tasks have memory that will not come: they wait when they touch it, until they are killed\n");

	while (nr) {
		usleep(HOLD_MS * 1000);
		nr = close_others();
	}

	return 0;
}

static bool is_late(void)
{
	uint64_t since = __atomic_load_n(&watch->since_ms, __ATOMIC_RELAXED);

	return opts.lazy_timeout > 0 && since && now_ms() > since + opts.lazy_timeout * 1000ULL;
}

static int watch_daemon(void *arg)
{
	struct timespec tick = { .tv_nsec = TICK_MS * 1000000 };
	sigset_t wake;

	/* A Ctrl-C is for the daemon; other signals are blocked, see lazy_watch_start() */
	setsid();
	prctl(PR_SET_NAME, "criu-lazy-watch", 0, 0, 0);
	sigemptyset(&wake);
	sigaddset(&wake, SIGUSR1);
	if (prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0))
		pr_perror("Can't ask for a signal");

	while (getppid() == watch->daemon && !watch->complete) {
		sigtimedwait(&wake, NULL, opts.lazy_timeout > 0 ? &tick : NULL);
		if (!is_late() || getppid() != watch->daemon)
			continue;

		pr_err("No page has come for %d seconds\n", opts.lazy_timeout);
		kill_tasks();
		/* It may be stopped, too */
		kill(watch->daemon, SIGTERM);
		kill(watch->daemon, SIGCONT);
		watch->since_ms = 0;
	}

	_exit(watch->complete ? 0 : hold());
}

int lazy_watch_start(unsigned int nr_tasks)
{
	sigset_t all, old;

	watch = mmap(NULL, sizeof(*watch) + nr_tasks * sizeof(watch->pidfds[0]), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (watch == MAP_FAILED) {
		pr_perror("Can't map memory for the watcher");
		return -1;
	}

	watch->daemon = getpid();
	watch->max = nr_tasks;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	watcher = clone_noasan(watch_daemon, CLONE_FILES | SIGCHLD, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (watcher < 0) {
		pr_perror("Can't start the watcher");
		return -1;
	}

	return 0;
}

pid_t lazy_watch_add(int pidfd)
{
	BUG_ON(watch->nr >= watch->max);
	watch->pidfds[watch->nr] = pidfd;
	/* The watcher may look at any time */
	__atomic_store_n(&watch->nr, watch->nr + 1, __ATOMIC_RELEASE);

	return pid_of(pidfd);
}

void lazy_watch_progress(bool waiting)
{
	if (watch && opts.lazy_timeout > 0)
		__atomic_store_n(&watch->since_ms, waiting ? now_ms() : 0, __ATOMIC_RELAXED);
}

void lazy_watch_end(bool complete)
{
	if (!complete) {
		if (opts.lazy_timeout != LAZY_TIMEOUT_WAIT)
			kill_tasks();
		return;
	}

	watch->complete = true;
	kill(watcher, SIGUSR1);
	waitpid(watcher, NULL, 0);
}
