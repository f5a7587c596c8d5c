// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOADed into criu lazy-pages or criu page-server: when it is about to put
 * pages into a task (UFFDIO_COPY), or to send some (tee), for the LAZY_AT-th time
 * (from 1), it gets the signal LAZY_SIGNAL. LAZY_MS: milliseconds to sleep
 * after each.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REAL(name) ((typeof(name) *)dlsym(RTLD_NEXT, #name))

static int number(const char *variable)
{
	const char *value = getenv(variable);

	return value ? atoi(value) : 0;
}

static void count(void)
{
	static int nr;

	if (++nr == number("LAZY_AT"))
		raise(number("LAZY_SIGNAL"));
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

	count();
	ret = REAL(ioctl)(fd, request, arg);
	/* Not before: a guard region that comes between the look for such and the copy can't be seen. */
	usleep(number("LAZY_MS") * 1000);
	return ret;
}

ssize_t tee(int in, int out, size_t len, unsigned int flags)
{
	ssize_t ret;

	count();
	ret = REAL(tee)(in, out, len, flags);
	usleep(number("LAZY_MS") * 1000);
	return ret;
}
