// SPDX-License-Identifier: GPL-2.0
/* See abi.h. */
#include "abi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VEC 64

size_t page;
int scan_fd = -1;
static bool reference;
static int passed, failed, skipped;

void die(const char *what)
{
	printf("error: %s: %s\n", what, strerror(errno));
	exit(2);
}

void start_test(int argc, char **argv)
{
	const char *directory = getenv("TMPDIR");

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (chdir(directory ? directory : "/tmp"))
		die("TMPDIR");
	page = sysconf(_SC_PAGESIZE);
	reference = argc > 1 && !strcmp(argv[1], "--reference");
	scan_fd = open("/proc/self/pagemap", O_RDONLY);
	if (scan_fd < 0)
		die("/proc/self/pagemap");
}

void expect(const char *name, const char *got, const char *want)
{
	if (strcmp(got, want)) {
		failed++;
		printf("fail %s: got %s, wanted %s\n", name, got, want);
	} else {
		passed++;
		printf("pass %s\n", name);
	}
}

void expect_or(const char *name, const char *got, const char *want, const char *other)
{
	expect(name, got, reference ? other : want);
}

void expect_true(const char *name, bool got)
{
	expect(name, got ? "yes" : "no", "yes");
}

void skip(const char *name, const char *why)
{
	skipped++;
	printf("skip %s: %s\n", name, why);
}

int summary(void)
{
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed || !passed;
}

int uffd_open(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		die("userfaultfd");
	if (!ioctl(fd, UFFDIO_API, &api))
		return fd;
	close(fd);
	return -1;
}

int uffd_register(int uffd, void *addr, size_t len)
{
	struct uffdio_register reg = { .range = { (uintptr_t)addr, len }, .mode = UFFDIO_REGISTER_MODE_WP };

	return ioctl(uffd, UFFDIO_REGISTER, &reg);
}

void uffd_unregister(int uffd, void *addr, size_t len)
{
	struct uffdio_range range = { (uintptr_t)addr, len };

	if (ioctl(uffd, UFFDIO_UNREGISTER, &range))
		die("UFFDIO_UNREGISTER");
}

int uffd_protect(int uffd, void *addr, size_t len, bool protect)
{
	struct uffdio_writeprotect wp = { .range = { (uintptr_t)addr, len },
					  .mode = protect ? UFFDIO_WRITEPROTECT_MODE_WP : 0 };

	return ioctl(uffd, UFFDIO_WRITEPROTECT, &wp);
}

char *map(size_t len, int flags, int fd)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

int scan_raw(struct scan_arg *arg)
{
	int ret = ioctl(scan_fd, PAGEMAP_SCAN_NR, arg);

	return ret < 0 ? -errno : ret;
}

const char *scan(void *start, size_t len, uint64_t mask, uint64_t anyof, uint64_t flags)
{
	static char texts[4][1024];
	static int turn;
	char *text = texts[turn++ % 4], *p = text;
	struct region vec[VEC];
	struct scan_arg arg = { .size = sizeof(arg),
				.flags = flags,
				.start = (uintptr_t)start,
				.end = (uintptr_t)start + len,
				.vec = (uintptr_t)vec,
				.vec_len = VEC,
				.category_mask = mask,
				.category_anyof_mask = anyof,
				.return_mask = IS_ANY };
	int i, bit, n = scan_raw(&arg);

	if (n < 0) {
		sprintf(text, "error %d", -n);
		return text;
	}
	strcpy(text, "-");
	for (i = 0; i < n && p < text + sizeof(texts[0]) - 64; i++) {
		p += sprintf(p, "%s%llu-%llu:", i ? " " : "", (unsigned long long)(vec[i].start - (uintptr_t)start) / page,
			     (unsigned long long)(vec[i].end - (uintptr_t)start) / page - 1);
		for (bit = 0; bit < 7; bit++)
			if (vec[i].categories & 1 << bit)
				*p++ = "awfpszh"[bit];
		*p = 0;
	}
	return text;
}

const char *written(void *start, size_t len)
{
	return scan(start, len, IS_WRITTEN, IS_PRESENT | IS_SWAPPED, SCAN_WP | SCAN_CHECK);
}
