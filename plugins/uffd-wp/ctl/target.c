// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target.h"

bool target_ended(int pidfd)
{
	struct pollfd target = { .fd = pidfd, .events = POLLIN };

	return poll(&target, 1, 0) > 0;
}

void target_report_ended(pid_t pid)
{
	warnx("the process %d has ended", pid);
}

int target_open(pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0 && errno == ESRCH) {
		warnx("there is no process %d: give the pid of one that runs, as seen in this pid namespace", pid);
	} else if (pidfd < 0) {
		warn("can't use %d as a process", pid);
	} else if (target_ended(pidfd)) {
		target_report_ended(pid);
		close(pidfd);
		pidfd = -1;
	}

	return pidfd;
}
