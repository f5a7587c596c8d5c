// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOADed into criu lazy-pages or criu page-server: at the LAZY_AT-th call
 * (from 1) of LAZY_CALL it gets the signal LAZY_SIGNAL. That is "ioctl", which is
 * about to put pages into a task (UFFDIO_COPY), "tee", which is about to send some,
 * "send", or "accept", when it has returned. LAZY_MS: milliseconds to sleep after
 * pages.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "preload.h"

static void count(const char *call)
{
	const char *wanted = getenv("LAZY_CALL");
	static int nr;

	if (!wanted || strcmp(call, wanted))
		return;
	if (++nr == preload_number("LAZY_AT"))
		raise(preload_number("LAZY_SIGNAL"));
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);

	if (request != UFFDIO_COPY)
		return REAL(ioctl)(fd, request, arg);

	count("ioctl");
	ret = REAL(ioctl)(fd, request, arg);
	/* Not before: a guard region that comes between the look for such and the copy can't be seen. */
	usleep(preload_number("LAZY_MS") * 1000);
	return ret;
}

int accept(int fd, struct sockaddr *address, socklen_t *len)
{
	int connection = REAL(accept)(fd, address, len);

	count("accept");
	return connection;
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	count("send");
	return REAL(send)(fd, buf, len, flags);
}

ssize_t tee(int in, int out, size_t len, unsigned int flags)
{
	ssize_t ret;

	count("tee");
	ret = REAL(tee)(in, out, len, flags);
	usleep(preload_number("LAZY_MS") * 1000);
	return ret;
}
