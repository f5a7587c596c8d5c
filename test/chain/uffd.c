// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pagemap.h"
#include "subject.h"
#include "uffd.h"

#define OWN_MAX_PAGES 4096

int own_uffd(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd;

	fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	if (fd < 0)
		skip("userfaultfd: %m");
	if (ioctl(fd, UFFDIO_API, &api))
		skip("userfaultfd features %#llx: %m", (unsigned long long)features);
	return fd;
}

void own_register(int uffd, const struct region *r, uint64_t mode)
{
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)r->start, .len = region_bytes(r) },
		.mode = mode,
	};

	must(ioctl(uffd, UFFDIO_REGISTER, &reg) == 0);
}

static unsigned char expected[OWN_MAX_PAGES];

struct scan_arg {
	const struct region *r;
	unsigned char *written;
};

static int note_written(void *p, const struct page_region *found)
{
	struct scan_arg *arg = p;
	size_t first = (found->start - (uintptr_t)arg->r->start) / page_size;

	memset(arg->written + first, 1, (found->end - found->start) / page_size);
	return 0;
}

void own_scan(const struct region *r, unsigned char *written)
{
	struct scan_arg arg = { r, written };
	uintptr_t start = (uintptr_t)r->start;
	int fd, ret;

	memset(written, 0, r->nr_pages);
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	ret = pagemap_scan(fd, start, start + region_bytes(r), PAGE_IS_WRITTEN,
			   PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC, note_written, &arg);
	if (ret)
		fail("own PAGEMAP_SCAN: %s", strerror(-ret));
	must(close(fd) == 0);
}

void own_scan_check(const struct region *r)
{
	unsigned char written[OWN_MAX_PAGES];
	size_t i;

	own_scan(r, written);
	for (i = 0; i < r->nr_pages; i++)
		if (written[i] != expected[i])
			fail("own scan: page %zu of region %s is %swritten, but %s", i, r->name, written[i] ? "" : "not ",
			     expected[i] ? "it was" : "it was not");
}

void own_scan_expect(const struct region *r)
{
	size_t i;

	for (i = 0; i < r->nr_pages; i++)
		expected[i] = page_is_new(r, i);
}
