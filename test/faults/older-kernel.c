// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOADed into criu: makes this kernel look like one without the features
 * that the variable OLDER_KERNEL names, "wp-async" or "pagemap-scan".
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/userfaultfd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define WP_ASYNC      (1ULL << 15)
#define IS_PAGEMAP_SCAN(request) (_IOC_TYPE(request) == 'f' && _IOC_NR(request) == 16)

static bool lacks(const char *feature)
{
	const char *list = getenv("OLDER_KERNEL");

	return list && strstr(list, feature);
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int fd, unsigned long request, ...) = (typeof(real))dlsym(RTLD_NEXT, "ioctl");
	struct uffdio_api *api;
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);

	if (lacks("pagemap-scan") && IS_PAGEMAP_SCAN(request))
		return refuse(ENOTTY);
	if (!lacks("wp-async") || request != UFFDIO_API)
		return real(fd, request, arg);

	api = arg;
	if (api->features & WP_ASYNC)
		return refuse(EINVAL);
	ret = real(fd, request, arg);
	api->features &= ~WP_ASYNC;
	return ret;
}
