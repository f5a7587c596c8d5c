// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subject.h"
#include "worker.h"

void worker_pipes(int fds[4])
{
	must(pipe2(fds, O_CLOEXEC) == 0);
	must(pipe2(fds + 2, O_CLOEXEC) == 0);
}

/*
 * CRIU takes a task that began within the same clock tick as its last dump for
 * another one with the same pid, and dumps it in full (mem.c:detect_pid_reuse()).
 */
static void outlive_clock_tick(void)
{
	usleep(2 * 1000000 / sysconf(_SC_CLK_TCK));
}

void worker_serve(struct worker *w, worker_fn fn)
{
	int order[2];

	outlive_clock_tick();
	while (read(w->to, order, sizeof(order)) == sizeof(order)) {
		cur_step = order[1];
		if (order[0] == WORKER_CHECK) {
			restored = true;
			model_check();
		} else {
			process_begin();
			fn(order[0]);
			process_end();
		}
		must(write(w->from, order, sizeof(order)) == sizeof(order));
	}
	_exit(0);
}

void worker_start(struct worker *w, worker_fn fn)
{
	int fds[4];

	worker_pipes(fds);
	w->pid = fork();
	must(w->pid >= 0);
	if (!w->pid) {
		close(fds[1]);
		close(fds[2]);
		w->to = fds[0];
		w->from = fds[3];
		mark_rseq_volatile();
		worker_serve(w, fn);
	}
	close(fds[0]);
	close(fds[3]);
	w->to = fds[1];
	w->from = fds[2];
}

void worker_send(struct worker *w, int order)
{
	int msg[2] = { order, cur_step };

	must(write(w->to, msg, sizeof(msg)) == sizeof(msg));
}

void worker_wait(struct worker *w)
{
	int msg[2];

	if (read(w->from, msg, sizeof(msg)) != sizeof(msg))
		fail("worker %d died", w->pid);
}

void worker_call(struct worker *w, int order)
{
	worker_send(w, order);
	worker_wait(w);
}

void worker_end(struct worker *w)
{
	int status;

	close(w->to);
	close(w->from);
	if (waitpid(w->pid, &status, 0) != w->pid || status)
		fail("worker %d: exit status %#x", w->pid, status);
}

void in_child(int (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid = fork();

	must(pid >= 0);
	if (!pid)
		_exit(fn(arg));
	if (waitpid(pid, &status, 0) != pid || status)
		fail("child: exit status %#x", status);
}

struct kept_fd {
	int fd;
};

static int start_holder(void *p)
{
	struct kept_fd *arg = p;
	pid_t pid = fork();

	if (pid)
		return pid < 0;
	setsid();
	fcntl(arg->fd, F_SETFD, 0);
	execlp("sleep", "sleep", "infinity", NULL);
	_exit(1);
}

void keep_open_outside(int fd)
{
	struct kept_fd arg = { fd };

	/* Twice forked, its parent is pid 1 of the test's namespace and not the dumped tree. */
	in_child(start_holder, &arg);
}
