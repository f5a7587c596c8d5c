#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/compiler.h"
#include "compel/ptrace.h"
#include "live-tasks.h"
#include "log.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "live-tasks: "

/* Threads of a task that stop wait for the one that stops last. */
#define STOP_TIMEOUT_MS 1000

FILE *live_task_fopen(pid_t pid, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

char live_task_state(pid_t pid)
{
	char buf[512], *end;
	size_t len;
	FILE *f;

	f = live_task_fopen(pid, "stat");
	if (!f)
		return 'X';

	len = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	buf[len] = '\0';

	/* "pid (comm) state"; comm may hold anything */
	end = strrchr(buf, ')');
	return end && end[1] == ' ' ? end[2] : 'X';
}

/* The last number of the NSpid line, 0 when the task is gone. */
static pid_t read_vpid(pid_t pid)
{
	pid_t vpid = 0;
	char line[256], *last;
	FILE *f;

	f = live_task_fopen(pid, "status");
	if (!f)
		return 0;

	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "NSpid:", 6))
			continue;
		last = strrchr(line, '\t');
		vpid = last ? atoi(last) : 0;
		break;
	}

	fclose(f);
	return vpid;
}

static bool is_known(const struct live_tasks *tasks, pid_t pid)
{
	size_t i;

	for (i = 0; i < tasks->nr; i++)
		if (tasks->tasks[i].pid == pid)
			return true;

	return false;
}

static int add_task(struct live_tasks *tasks, pid_t pid)
{
	char state = live_task_state(pid);
	pid_t vpid = read_vpid(pid);

	if (state == 'Z' || state == 'X' || !vpid || is_known(tasks, pid))
		return 0;

	/* doubles: grow only at powers of two */
	if (!(tasks->nr & (tasks->nr - 1)) &&
	    xrealloc_safe(&tasks->tasks, (tasks->nr ? tasks->nr * 2 : 1) * sizeof(*tasks->tasks)))
		return -1;

	tasks->tasks[tasks->nr++] = (struct live_task){ .pid = pid, .vpid = vpid };
	return 0;
}

static int add_children_of_thread(struct live_tasks *tasks, pid_t pid, pid_t tid)
{
	char name[64];
	int child, ret = 0;
	FILE *f;

	snprintf(name, sizeof(name), "task/%d/children", tid);
	f = live_task_fopen(pid, name);
	if (!f)
		return 0;

	while (!ret && fscanf(f, "%d", &child) == 1)
		ret = add_task(tasks, child);

	fclose(f);
	return ret;
}

static DIR *open_threads(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return opendir(path);
}

static int add_children(struct live_tasks *tasks, pid_t pid)
{
	struct dirent *de;
	int ret = 0;
	DIR *dir;

	dir = open_threads(pid);
	if (!dir)
		return 0;

	while (!ret && (de = readdir(dir)))
		if (de->d_name[0] != '.')
			ret = add_children_of_thread(tasks, pid, atoi(de->d_name));

	closedir(dir);
	return ret;
}

int live_tasks_collect(pid_t root, struct live_tasks *tasks)
{
	size_t i;

	if (add_task(tasks, root))
		return -1;

	if (!tasks->nr) {
		pr_err("There is no task %d\n", root);
		return -1;
	}

	for (i = 0; i < tasks->nr; i++)
		if (add_children(tasks, tasks->tasks[i].pid))
			return -1;

	return 0;
}

void live_tasks_free(struct live_tasks *tasks)
{
	xfree(tasks->tasks);
	tasks->tasks = NULL;
	tasks->nr = 0;
}

/*
 * Tasks are stopped by a process of their own: when it ends the kernel lets all of them go, in whatever state they are,
 * also those that were asked to stop and did not do it yet; and parents learn of the end of a child that was killed
 * while it was stopped.
 */
static pid_t stopper = -1;

/* In the stopper. */
static struct {
	pid_t *tids;
	int nr;
} stopped;

static bool is_stopped(pid_t tid)
{
	int i;

	for (i = 0; i < stopped.nr; i++)
		if (stopped.tids[i] == tid)
			return true;

	return false;
}

/*
 * Waits until the thread, which was interrupted, is in a ptrace stop. A signal that
 * comes first is delivered. False: it is gone.
 */
static bool wait_for_stop(pid_t tid)
{
	int status, signo;

	while (wait4(tid, &status, __WALL, NULL) == tid && WIFSTOPPED(status)) {
		if (status >> 16 == PTRACE_EVENT_STOP)
			return true;

		signo = WSTOPSIG(status);
		if (ptrace(PTRACE_CONT, tid, NULL, (void *)(unsigned long)signo))
			break;
	}

	return false;
}

/* 1: stopped, 0: gone, or stopped before, -1: error */
static int stop_thread(pid_t tid)
{
	if (is_stopped(tid))
		return 0;

	if (xrealloc_safe(&stopped.tids, (stopped.nr + 1) * sizeof(*stopped.tids)))
		return -1;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL)) {
		/* A zombie, or not ours to trace */
		if (errno != EPERM || strchr("ZX", live_task_state(tid)))
			return 0;
		pr_pwarn("Can't trace %d", tid);
		return -1;
	}

	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) || !wait_for_stop(tid))
		return 0;

	stopped.tids[stopped.nr++] = tid;
	return 1;
}

/* How many threads were stopped, -1 on errors. Those that are stopped can't have new ones. */
static int stop_threads(pid_t pid)
{
	struct dirent *de;
	int ret = 0, found = 0;
	DIR *dir;

	dir = open_threads(pid);
	if (!dir)
		return 0;

	while (ret >= 0 && (de = readdir(dir))) {
		if (de->d_name[0] == '.')
			continue;
		ret = stop_thread(atoi(de->d_name));
		found += ret;
	}

	closedir(dir);
	return ret < 0 ? -1 : found;
}

/* How many threads were stopped, -1 on errors. */
static int stop_all_threads(pid_t pid)
{
	int ret, found = 0;

	while ((ret = stop_threads(pid)) > 0)
		found += ret;

	return ret < 0 ? -1 : found;
}

/* False, too, when one of them is gone. */
static bool share_memory(pid_t a, pid_t b)
{
	return syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0) == 0;
}

/*
 * Tasks of the tree that have the same memory as the one that is stopped. Parents are stopped before children: one that
 * called vfork(2) does not stop until its child lets it go. How many threads were stopped, -1 on errors.
 */
static int stop_sharers(pid_t root, pid_t pid)
{
	struct live_tasks tree = {};
	int ret = 0, found = 0;
	size_t i;

	if (live_tasks_collect(root, &tree))
		return -1;

	for (i = 0; i < tree.nr && ret >= 0; i++) {
		pid_t other = tree.tasks[i].pid;

		if (is_stopped(other) || !share_memory(pid, other))
			continue;
		ret = stop_all_threads(other);
		found += ret;
	}

	live_tasks_free(&tree);
	return ret < 0 ? -1 : found;
}

static bool stop(pid_t root, pid_t pid)
{
	int ret = stop_all_threads(pid);

	/* Who shares the memory may have made another task before it was stopped. */
	while (ret > 0)
		ret = stop_sharers(root, pid);

	return !ret && is_stopped(pid);
}

static void run_stopper(pid_t parent, pid_t root, pid_t pid, int fd)
{
	char done;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	done = getppid() == parent && stop(root, pid);
	if (write(fd, &done, 1) == 1 && done)
		for (;;)
			pause();
	_exit(0);
}

/* Whether the stopper says that it is done, in time. */
static bool wait_for_stopper(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char done = false;

	return poll(&poll_fd, 1, STOP_TIMEOUT_MS) == 1 && read(fd, &done, 1) == 1 && done;
}

int live_task_stop(pid_t root, pid_t pid)
{
	pid_t parent = getpid();
	int fds[2];
	bool done;

	if (pipe2(fds, O_CLOEXEC)) {
		pr_perror("Can't make a pipe");
		return -1;
	}

	stopper = fork();
	if (!stopper)
		run_stopper(parent, root, pid, fds[1]);

	close(fds[1]);
	done = stopper > 0 && wait_for_stopper(fds[0]);
	close(fds[0]);
	if (done)
		return 0;

	live_task_resume();
	if (live_task_state(pid) != 'X')
		pr_warn("%d does not stop now\n", pid);
	return 1;
}

void live_task_resume(void)
{
	if (stopper > 0) {
		kill(stopper, SIGKILL);
		waitpid(stopper, NULL, 0);
	}

	stopper = -1;
}
