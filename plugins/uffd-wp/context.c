// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "context.h"
#include "policy.h"
#include "uapi.h"

static int new_context(int device, pid_t pid)
{
	/* What the parasite uses: for asynchronous protection the kernel resolves its own faults as well. */
	struct userfaultfd_new_pidfd arg = { .flags = O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY };
	int fd;

	arg.pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (arg.pidfd < 0)
		return -errno;

	fd = ioctl(device, USERFAULTFD_IOC_NEW_PIDFD, &arg);
	if (fd < 0)
		fd = -errno;
	close(arg.pidfd);
	return fd;
}

/* Between the reading of id and the end of the ioctl the task may have called execve(), or the pid be another's now. */
static int check_task(const struct task_id *id)
{
	struct task_id now;
	int ret = task_id_read(id->pid, &now);

	if (!ret)
		ret = task_exec_id_read(&now);
	if (ret)
		return ret;

	return now.start_time == id->start_time && !memcmp(now.exec_id, id->exec_id, sizeof(now.exec_id)) ? 0 : -ESRCH;
}

int context_open(const struct task_id *id)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };
	int device, fd, ret;

	device = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);
	if (device < 0)
		return -errno;

	fd = new_context(device, id->pid);
	close(device);
	if (fd < 0)
		return fd;

	ret = check_task(id);
	if (!ret && ioctl(fd, UFFDIO_API, &api))
		ret = -errno;
	if (!ret)
		return fd;

	close(fd);
	return ret;
}

/* All that this kernel has. 0: unknown. */
static uint64_t features(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	static bool asked;
	static uint64_t known;
	int fd;

	if (asked)
		return known;

	fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	known = fd >= 0 && !ioctl(fd, UFFDIO_API, &api) ? api.features : 0;
	if (fd >= 0)
		close(fd);
	asked = true;
	return known;
}

bool context_registers_exactly(void)
{
	return features() & UFFD_FEATURE_REGISTER_EXACT;
}

bool context_reports_pinned(void)
{
	struct utsname name;

	return !uname(&name) && kernel_reports_pinned(features(), name.release);
}
