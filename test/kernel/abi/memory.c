// SPDX-License-Identifier: GPL-2.0
/* Async write protection of each kind of memory: what a scan reports before and after protection and writes. */
#include "abi.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THP (2u << 20)
#define HUGE_2MB (21u << 26) /* of memfd_create */
#define HUGE_1GB (30u << 26)

static int uffd;
static const char *kind;

static const char *name(const char *what)
{
	static char text[100];

	snprintf(text, sizeof(text), "%s: %s", kind, what);
	return text;
}

static char *registered(char *p, size_t len)
{
	if (uffd_register(uffd, p, len))
		die(name("UFFDIO_REGISTER"));
	return p;
}

static int file_of(size_t len)
{
	char path[] = "./abi-file-XXXXXX", zeros[4096];
	int fd = mkstemp(path);

	if (fd < 0)
		die(path);
	unlink(path);
	memset(zeros, 1, sizeof(zeros));
	for (; len; len -= sizeof(zeros))
		if (write(fd, zeros, sizeof(zeros)) != sizeof(zeros))
			die("write");
	return fd;
}

static int memfd(size_t len, unsigned int flags)
{
	int fd = syscall(SYS_memfd_create, "abi", flags);

	if (fd < 0 || ftruncate(fd, len))
		die("memfd");
	return fd;
}

/* read faults and write faults, by their number in a mapping of 8 pages of size bytes; none: -1 */
static void touch(volatile char *p, size_t size, int from, int to, bool do_write)
{
	int i;

	for (i = from; i <= to; i++) {
		if (do_write)
			p[i * size] = 2;
		else
			(void)p[i * size];
	}
}

static void anonymous(void)
{
	char *p = map(8 * page, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	kind = "anonymous";
	madvise(p, 8 * page, MADV_NOHUGEPAGE);
	touch(p, page, 1, 2, true);
	touch(p, page, 3, 3, false);
	expect(name("not registered"), scan(p, 8 * page, IS_PRESENT, 0, 0), "1-2:wp 3-3:wpz");
	registered(p, 8 * page);
	expect(name("registered"), scan(p, 8 * page, IS_PRESENT, 0, 0), "1-2:awp 3-3:awpz");
	expect(name("all written"), written(p, 8 * page), "1-2:awp 3-3:awpz");
	expect(name("none written"), written(p, 8 * page), "-");
	expect(name("protected"), scan(p, 8 * page, IS_PRESENT, 0, 0), "1-2:ap 3-3:apz");
	touch(p, page, 2, 4, true);
	expect(name("writes"), written(p, 8 * page), "2-4:awp");
	touch(p, page, 1, 7, false);
	expect(name("reads"), scan(p, 5 * page, IS_WRITTEN, IS_PRESENT | IS_SWAPPED, 0), "-");
	expect(name("a zero page that was not protected"), written(p, 8 * page), "5-7:awpz");
	madvise(p, 2 * page, MADV_DONTNEED);
	touch(p, page, 1, 1, true);
	expect(name("written after MADV_DONTNEED"), written(p, 8 * page), "1-1:awp");
	uffd_protect(uffd, p + 2 * page, 2 * page, false);
	expect(name("unprotected"), written(p, 8 * page), "2-3:awp");
	munmap(p, 8 * page);
}

/* A place without a page that is protected stays so while it is read, and whoever writes there is seen. */
static void unpopulated(void)
{
	char *p = registered(map(8 * page, MAP_PRIVATE | MAP_ANONYMOUS, -1), 8 * page);
	struct scan_arg arg = { .size = sizeof(arg), .flags = SCAN_WP, .category_mask = IS_PRESENT };

	kind = "unpopulated";
	madvise(p, 8 * page, MADV_NOHUGEPAGE);
	expect(name("empty, any"), scan(p, 8 * page, 0, 0, 0), "0-7:aw");
	expect(name("empty, written"), scan(p, 8 * page, IS_WRITTEN, 0, 0), "0-7:aw");
	touch(p, page, 0, 0, true);
	expect(name("no page, any"), scan(p, 8 * page, 0, 0, 0), "0-0:awp 1-7:aw");
	expect(name("no page, written"), scan(p, 8 * page, IS_WRITTEN, 0, 0), "0-0:awp 1-7:aw");
	if (uffd_protect(uffd, p, 8 * page, true))
		die("UFFDIO_WRITEPROTECT");
	expect_or(name("protected, any"), scan(p, 8 * page, 0, 0, 0), "0-0:ap 1-7:a", "0-0:ap 1-7:as");
	expect(name("protected, written"), scan(p, 8 * page, IS_WRITTEN, 0, 0), "-");
	touch(p, page, 2, 2, false);
	touch(p, page, 4, 4, true);
	expect_or(name("read 2, wrote 4"), scan(p, 8 * page, 0, 0, 0), "0-0:ap 1-1:a 2-2:apz 3-3:a 4-4:awp 5-7:a",
		  "0-0:ap 1-1:as 2-2:apz 3-3:as 4-4:awp 5-7:as");
	madvise(p, 8 * page, MADV_DONTNEED);
	expect(name("dropped"), scan(p, 8 * page, 0, 0, 0), "0-7:aw");
	touch(p, page, 3, 3, true);
	arg.start = (uintptr_t)p;
	arg.end = arg.start + 8 * page;
	expect_true(name("no array"), scan_raw(&arg) == 0 && arg.walk_end == arg.end);
	expect_or(name("what matched is protected"), scan(p, 8 * page, 0, 0, 0), "0-2:aw 3-3:ap 4-7:aw",
		  "0-2:as 3-3:ap 4-7:as");
	munmap(p, 8 * page);
}

static void huge(void)
{
	char *base = map(3 * THP, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *p = (char *)(((uintptr_t)base + THP - 1) & -(uintptr_t)THP);

	kind = "THP";
	madvise(p, 2 * THP, MADV_HUGEPAGE);
	touch(p, THP, 0, 0, true);
	if (strcmp(scan(p, THP, IS_PRESENT, 0, 0), "0-511:wph")) {
		skip(name("all"), "no THP here");
		return;
	}
	registered(p, 2 * THP);
	expect(name("registered"), scan(p, 2 * THP, IS_PRESENT, 0, 0), "0-511:awph");
	expect(name("all written"), written(p, 2 * THP), "0-511:awph");
	expect(name("protected"), scan(p, 2 * THP, IS_PRESENT, 0, 0), "0-511:aph");
	touch(p, page, 5, 5, false);
	expect(name("none written"), written(p, 2 * THP), "-");
	touch(p, page, 5, 5, true);
	expect(name("a write"), scan(p, 2 * THP, IS_WRITTEN, IS_PRESENT, 0), "5-5:awp");
	expect(name("the rest"), scan(p, THP, IS_PRESENT, 0, 0), "0-4:ap 5-5:awp 6-511:ap");
	touch(p + THP, page, 0, 0, true);
	expect(name("part of a huge page"), written(p + THP, 3 * page), "0-2:awp");
	expect(name("the other part"), scan(p + THP, THP, IS_WRITTEN, IS_PRESENT, 0), "3-511:awp");
	munmap(base, 3 * THP);
}

/* Pages 0 to 3 of a file are read, 2 and 3 written to. */
static void file(const char *what, int flags, int fd, const char *before, const char *after, const char *then)
{
	char *p = registered(map(8 * page, flags, fd), 8 * page);

	kind = what;
	touch(p, page, 0, 3, false);
	touch(p, page, 2, 3, true);
	expect(name("all written"), written(p, 8 * page), before);
	expect(name("protected"), scan(p, 8 * page, IS_PRESENT, 0, 0), after);
	expect(name("none written"), written(p, 8 * page), "-");
	touch(p, page, 1, 2, true);
	expect(name("writes"), written(p, 8 * page), then);
	touch(p, page, 0, 3, false);
	expect(name("reads"), written(p, 4 * page), "-");
	touch(p, page, 1, 1, true);
	touch(p, page, 3, 3, true);
	expect_true(name("content"), p[0] != 2 && p[page] == 2 && p[2 * page] == 2 && p[3 * page] == 2);
	munmap(p, 8 * page);
	close(fd);
}

/* Pages 0 and 1 are private copies, 2 is the file's; all are protected and dropped. */
static void dropped(void)
{
	int fd = file_of(8 * page);
	char *p = registered(map(8 * page, MAP_PRIVATE, fd), 8 * page);

	kind = "private file";
	touch(p, page, 0, 1, true);
	touch(p, page, 2, 2, false);
	written(p, 3 * page);
	madvise(p, 3 * page, MADV_DONTNEED);
	expect_or(name("dropped, has content"), scan(p, 3 * page, 0, IS_PRESENT | IS_SWAPPED, 0), "-", "0-2:as");
	expect_or(name("dropped, written"), scan(p, 3 * page, IS_WRITTEN, 0, 0), "0-1:aw", "-");
	touch(p, page, 0, 2, false);
	expect_or(name("the file's again"), scan(p, 3 * page, IS_PRESENT, 0, 0), "0-1:awfp 2-2:afp", "0-2:afp");
	munmap(p, 8 * page);
	close(fd);
}

static void hugetlb(const char *what, size_t size, unsigned int memfd_flags, int flags)
{
	size_t n = size / page;
	char present[40], wrote[40], second[60];
	int fd = memfd(2 * size, MFD_HUGETLB | memfd_flags);
	const char *type = flags & MAP_SHARED ? "f" : "";
	char *p = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, flags, fd, 0);

	kind = what;
	if (p == MAP_FAILED) {
		skip(name("all"), "not enough huge pages");
		close(fd);
		return;
	}
	registered(p, 2 * size);
	sprintf(wrote, "0-%zu:aw%sph", n - 1, type);
	sprintf(present, "0-%zu:a%sph", n - 1, type);
	sprintf(second, "%zu-%zu:aw%sph", n, 2 * n - 1, type);
	touch(p, size, 0, 0, true);
	expect(name("all written"), written(p, 2 * size), wrote);
	expect(name("protected"), scan(p, 2 * size, IS_PRESENT, 0, 0), present);
	touch(p, size, 0, 0, false);
	expect(name("none written"), written(p, 2 * size), "-");
	touch(p, size, 0, 1, true);
	expect(name("part of a huge page"), written(p, page), "-");
	expect_true(name("both"), strstr(scan(p, 2 * size, IS_WRITTEN, IS_PRESENT, SCAN_WP), "aw"));
	expect(name("none after both"), written(p, 2 * size), "-");
	touch(p, size, 1, 1, true);
	expect(name("a write"), written(p, 2 * size), second);
	munmap(p, 2 * size);
	close(fd);

	/* A place without a page */
	fd = memfd(2 * size, MFD_HUGETLB | memfd_flags);
	p = registered(map(2 * size, flags, fd), 2 * size);
	sprintf(present, "0-%zu:ah", 2 * n - 1);
	expect(name("empty"), scan(p, 2 * size, 0, 0, 0), present);
	sprintf(second, "0-%zu:ash", 2 * n - 1);
	if (uffd_protect(uffd, p, 2 * size, true))
		die("UFFDIO_WRITEPROTECT");
	expect_or(name("empty, protected"), scan(p, 2 * size, 0, 0, 0), present, second);
	touch(p, size, 0, 0, true);
	sprintf(wrote, "0-%zu:aw%sph", n - 1, type);
	expect(name("a write to an empty place"), written(p, 2 * size), wrote);
	munmap(p, 2 * size);
	close(fd);
}

static void other_mappings(void)
{
	char *p = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct io_uring_params params = {};
	int fd = file_of(page), readonly;
	char path[40];

	kind = "register";
	expect_true(name("PROT_NONE"), !uffd_register(uffd, p, page));
	munmap(p, page);
	sprintf(path, "/proc/self/fd/%d", fd);
	readonly = open(path, O_RDONLY);
	p = mmap(NULL, page, PROT_READ, MAP_SHARED, readonly, 0);
	expect_true(name("shared, opened for reading"), uffd_register(uffd, p, page) && errno == EPERM);
	munmap(p, page);
	p = mmap(NULL, page, PROT_READ, MAP_PRIVATE, readonly, 0);
	expect_true(name("private, opened for reading"), !uffd_register(uffd, p, page));
	munmap(p, page);
	close(readonly);
	close(fd);
	fd = syscall(SYS_io_uring_setup, 2, &params);
	p = fd < 0 ? MAP_FAILED : mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (p == MAP_FAILED)
		skip(name("memory of a driver"), "no io_uring");
	else
		expect_true(name("memory of a driver"), uffd_register(uffd, p, page) && errno == EINVAL);
	close(fd);
}

int main(int argc, char **argv)
{
	start_test(argc, argv);
	uffd = uffd_open(FEATURE_WP_ASYNC);
	if (uffd < 0)
		die("UFFD_FEATURE_WP_ASYNC");
	anonymous();
	unpopulated();
	huge();
	file("private file", MAP_PRIVATE, file_of(8 * page), "0-1:awfp 2-3:awp", "0-1:afp 2-3:ap", "1-2:awp");
	file("shared file", MAP_SHARED, file_of(8 * page), "0-3:awfp", "0-3:afp", "1-2:awfp");
	file("shared memory", MAP_SHARED, memfd(8 * page, 0), "0-3:awfp", "0-3:afp", "1-2:awfp");
	file("private memfd", MAP_PRIVATE, memfd(8 * page, 0), "0-1:awfp 2-3:awp", "0-1:afp 2-3:ap", "1-2:awp");
	dropped();
	hugetlb("hugetlb 2 MiB, shared", THP, HUGE_2MB, MAP_SHARED);
	hugetlb("hugetlb 2 MiB, private", THP, HUGE_2MB, MAP_PRIVATE);
	hugetlb("hugetlb 1 GiB, shared", 1ul << 30, HUGE_1GB, MAP_SHARED);
	other_mappings();
	return summary();
}
