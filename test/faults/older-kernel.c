// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOADed into criu: makes this kernel look like one without the features
 * that the variable OLDER_KERNEL names: "wp-async", "pagemap-scan", "report-guards"
 * (Linux 6.13 and 6.14), "swap-entries" (no CAP_SYS_ADMIN).
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/userfaultfd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../plugins/uffd-wp/uapi.h"

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

static bool names_guards(const struct pm_scan_arg *scan)
{
	return (scan->category_inverted | scan->category_mask | scan->category_anyof_mask | scan->return_mask) &
	       PAGE_IS_GUARD;
}

static bool is_pagemap(int fd)
{
	char link[32], path[64];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path));
	return len > 8 && !memcmp(path + len - 8, "/pagemap", 8);
}

/* Entries of pagemap; an older kernel has no bit for guards, and hides swap entries from those without rights. */
static void edit_entries(uint64_t *entries, ssize_t len)
{
	for (; len >= (ssize_t)sizeof(*entries); entries++, len -= sizeof(*entries)) {
		*entries &= ~(1ULL << 58);
		if (lacks("swap-entries"))
			*entries &= ~((1ULL << 55) - 1);
	}
}

ssize_t pread64(int fd, void *buf, size_t len, off64_t offset)
{
	ssize_t (*real)(int fd, void *buf, size_t len, off64_t offset) = (typeof(real))dlsym(RTLD_NEXT, "pread64");
	ssize_t ret = real(fd, buf, len, offset);

	if (lacks("report-guards") && ret > 0 && is_pagemap(fd))
		edit_entries(buf, ret);
	return ret;
}

ssize_t pread(int fd, void *buf, size_t len, off_t offset) __attribute__((alias("pread64")));

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
	if (lacks("report-guards") && IS_PAGEMAP_SCAN(request) && names_guards(arg))
		return refuse(EINVAL);
	if (!lacks("wp-async") || request != UFFDIO_API)
		return real(fd, request, arg);

	api = arg;
	if (api->features & WP_ASYNC)
		return refuse(EINVAL);
	ret = real(fd, request, arg);
	api->features &= ~WP_ASYNC;
	return ret;
}
