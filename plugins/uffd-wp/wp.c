// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <unistd.h>

#include "uapi.h"
#include "wp.h"

static int do_register(int uffd, uint64_t start, uint64_t end, uint64_t mode)
{
	struct uffdio_register reg = {
		.range = { .start = start, .len = end - start },
		.mode = mode,
	};

	return ioctl(uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

int wp_register(int uffd, uint64_t start, uint64_t end)
{
	return do_register(uffd, start, end, UFFDIO_REGISTER_MODE_WP);
}

int wp_register_exact(int uffd, uint64_t start, uint64_t end)
{
	return do_register(uffd, start, end, UFFDIO_REGISTER_MODE_WP | UFFDIO_REGISTER_MODE_EXACT);
}

int wp_unprotect(int uffd, uint64_t start, uint64_t end, uint64_t huge_size)
{
	uint64_t chunk = huge_size > WP_CHUNK ? huge_size : WP_CHUNK;

	while (start < end) {
		uint64_t len = end - start < chunk ? end - start : chunk;
		struct uffdio_writeprotect wp = { .range = { .start = start, .len = len } };

		/* EAGAIN: the mm's layout is changing under a fork or mremap; ioctl_userfaultfd(2) says to retry. */
		if (!ioctl(uffd, UFFDIO_WRITEPROTECT, &wp))
			start += len;
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}

	return 0;
}

/* The largest page of any architecture, in bytes */
#define LARGEST_PAGE (16ULL << 30)

int wp_unprotect_around(int uffd, uint64_t start, uint64_t end)
{
	uint64_t size;
	int ret = wp_unprotect(uffd, start, end, 0);

	for (size = sysconf(_SC_PAGESIZE) * 2; ret == -EINVAL && size <= LARGEST_PAGE; size *= 2)
		ret = wp_unprotect(uffd, start & -size, (end + size - 1) & -size, size);

	return ret;
}

int wp_unregister(int uffd, uint64_t start, uint64_t end)
{
	struct uffdio_range range = { .start = start, .len = end - start };

	wp_unprotect(uffd, start, end, 0);
	return ioctl(uffd, UFFDIO_UNREGISTER, &range) ? -errno : 0;
}
