// SPDX-License-Identifier: GPL-2.0
/* What is advertised, what is refused and how, and the limits of a scan. */
#include "abi.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *mem;

static void features(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC), both;

	expect_true("UFFDIO_API", fd >= 0 && !ioctl(fd, UFFDIO_API, &api));
	expect_true("UFFD_FEATURE_WP_UNPOPULATED", api.features & FEATURE_WP_UNPOPULATED);
	expect_true("UFFD_FEATURE_WP_ASYNC", api.features & FEATURE_WP_ASYNC);
	close(fd);
	expect_true("unknown feature", uffd_open(1ull << 40) < 0 && errno == EINVAL);
	both = uffd_open(FEATURE_WP_ASYNC | UFFD_FEATURE_EVENT_REMAP);
	expect_true("with other features", both >= 0);
	close(both);
}

static struct scan_arg good(void)
{
	static struct region vec[16];

	return (struct scan_arg){ .size = sizeof(struct scan_arg),
				  .start = (uintptr_t)mem,
				  .end = (uintptr_t)mem + 16 * page,
				  .vec = (uintptr_t)vec,
				  .vec_len = 16,
				  .category_mask = IS_PRESENT,
				  .return_mask = IS_ANY };
}

static void refused(const char *name, struct scan_arg arg, int error)
{
	char got[20], want[20];

	sprintf(got, "%d", scan_raw(&arg));
	sprintf(want, "%d", -error);
	expect(name, got, want);
}

#define REFUSED(field, value, error)                                                                                   \
	do {                                                                                                           \
		struct scan_arg arg = good();                                                                          \
		arg.field = (value);                                                                                   \
		refused(#field " = " #value, arg, error);                                                              \
	} while (0)

static void errors(void)
{
	struct scan_arg arg = good();

	expect_true("a good argument", scan_raw(&arg) == 1 && arg.walk_end == arg.end);
	REFUSED(size, 0, EINVAL);
	REFUSED(size, sizeof(arg) - 8, EINVAL);
	REFUSED(size, sizeof(arg) + 8, EINVAL);
	REFUSED(flags, 1 << 2, EINVAL);
	REFUSED(category_inverted, 1 << 9, EINVAL);
	REFUSED(category_mask, 1 << 9, EINVAL);
	REFUSED(category_anyof_mask, 1 << 9, EINVAL);
	REFUSED(return_mask, 1 << 9, EINVAL);
	REFUSED(start, (uintptr_t)mem + 1, EINVAL);
	REFUSED(end, (uintptr_t)mem - page, EFAULT);
	REFUSED(end, UINT64_MAX, EFAULT);
	REFUSED(start, 0xffff800000000000ull, EFAULT);
	REFUSED(vec, 0, EINVAL);
	REFUSED(vec, 0xffff800000000000ull, EFAULT);
	REFUSED(vec, 8, EFAULT);
	REFUSED(vec_len, UINT64_MAX, EFAULT);
	expect_true("argument at no address", ioctl(scan_fd, PAGEMAP_SCAN_NR, 8) < 0 && errno == EFAULT);
	expect_true("other ioctl", ioctl(scan_fd, PAGEMAP_SCAN_NR + 1, &arg) < 0 && (errno == EINVAL || errno == ENOTTY));
}

/* What a scan with these limits answers: "result, stop, in pages; pages of all regions". */
static const char *limited(size_t first, size_t last, uint64_t vec_len, uint64_t max_pages, uint64_t flags)
{
	static char text[100];
	struct region vec[16] = {};
	struct scan_arg arg = good();
	uint64_t i, pages = 0;
	int ret;

	arg.vec = (uintptr_t)vec;
	arg.start = (uintptr_t)mem + first * page;
	arg.end = (uintptr_t)mem + last * page;
	arg.vec_len = vec_len;
	arg.max_pages = max_pages;
	arg.flags = flags;
	arg.walk_end = 77;
	ret = scan_raw(&arg);
	for (i = 0; (int)i < ret; i++)
		pages += (vec[i].end - vec[i].start) / page;
	sprintf(text, "%d, %ld; %d", ret, ((long)arg.walk_end - (long)mem) / (long)page, (int)pages);
	return text;
}

/* Pages 0 to 3, 6 and 7, 10 and 12 of 16 are present. */
static void limits(void)
{
	static const int present[] = { 0, 1, 2, 3, 6, 7, 10, 12 };
	struct scan_arg arg;
	unsigned int i;

	madvise(mem, 16 * page, MADV_DONTNEED);
	for (i = 0; i < sizeof(present) / sizeof(*present); i++)
		mem[present[i] * page] = 1;
	expect("all", limited(0, 16, 16, 0, 0), "4, 16; 8");
	expect("empty range", limited(3, 3, 16, 0, 0), "0, 3; 0");
	expect("no regions", limited(0, 16, 0, 0, 0), "0, 16; 0");
	expect("one region", limited(0, 16, 1, 0, 0), "1, 6; 4");
	expect("three regions", limited(0, 16, 3, 0, 0), "3, 12; 7");
	expect("just as many regions", limited(0, 16, 4, 0, 0), "4, 16; 8");
	expect("one page", limited(0, 16, 16, 1, 0), "1, 1; 1");
	expect("three pages", limited(0, 16, 16, 3, 0), "1, 3; 3");
	expect("four pages, a region", limited(0, 16, 16, 4, 0), "1, 6; 4");
	expect("five pages", limited(0, 16, 16, 5, 0), "2, 7; 5");
	expect("just as many pages", limited(0, 16, 16, 8, 0), "4, 16; 8");
	expect("both limits", limited(0, 16, 2, 5, 0), "2, 7; 5");
	expect("part of the range", limited(2, 11, 16, 0, 0), "3, 11; 5");
	arg = good();
	arg.end = arg.start + 1;
	expect_true("end within a page", scan_raw(&arg) == 1 && arg.walk_end == arg.start + page);
}

static void masks(void)
{
	struct scan_arg arg = good();

	arg.category_mask = IS_PRESENT;
	arg.category_inverted = IS_PRESENT;
	arg.return_mask = IS_PRESENT;
	expect_true("not present", scan_raw(&arg) == 4);
	arg = good();
	arg.category_mask = 0;
	arg.category_anyof_mask = IS_SWAPPED | IS_FILE;
	expect_true("none of these", scan_raw(&arg) == 0);
	arg.category_anyof_mask = IS_SWAPPED | IS_PRESENT;
	expect_true("any of these", scan_raw(&arg) == 4);
	arg = good();
	arg.return_mask = 0;
	expect_true("nothing to return", scan_raw(&arg) == 4 && ((struct region *)(uintptr_t)arg.vec)->categories == 0);
	arg = good();
	arg.category_mask = IS_WPALLOWED;
	expect_true("not registered", scan_raw(&arg) == 0);
	arg.category_inverted = IS_WPALLOWED;
	expect_true("not registered, inverted", scan_raw(&arg) > 0);
}

static void wpasync(void)
{
	int uffd;

	expect("check, not registered", limited(0, 16, 16, 0, SCAN_CHECK), "-1, 16; 0");
	expect("protect and check, not registered", limited(0, 16, 16, 0, SCAN_WP | SCAN_CHECK), "-1, 16; 0");
	expect("protect, not registered", limited(0, 16, 16, 0, SCAN_WP), "0, 16; 0");
	uffd = uffd_open(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
	if (uffd_register(uffd, mem, 16 * page))
		die("UFFDIO_REGISTER");
	expect("check, registered without async", limited(0, 16, 16, 0, SCAN_CHECK), "-1, 16; 0");
	expect("protect, registered without async", limited(0, 16, 16, 0, SCAN_WP), "0, 16; 0");
	close(uffd);
	uffd = uffd_open(FEATURE_WP_ASYNC);
	if (uffd_register(uffd, mem, 8 * page))
		die("UFFDIO_REGISTER");
	expect("check, half is registered", limited(0, 16, 16, 0, SCAN_CHECK), "-1, 16; 0");
	expect("check, registered", limited(0, 8, 16, 0, SCAN_CHECK), "2, 8; 6");
	expect("protect, half is registered", limited(0, 16, 16, 0, SCAN_WP), "2, 16; 6");
	close(uffd);
}

static void exited(void)
{
	struct scan_arg arg = good();
	char path[40];
	int own = scan_fd;
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	sprintf(path, "/proc/%d/pagemap", pid);
	scan_fd = open(path, O_RDONLY);
	expect_true("another task", scan_raw(&arg) == 4);
	kill(pid, 9);
	waitpid(pid, NULL, 0);
	arg.walk_end = 1;
	expect_true("a task that has exited", scan_raw(&arg) == 0 && arg.walk_end == arg.end);
	close(scan_fd);
	scan_fd = own;
}

int main(int argc, char **argv)
{
	start_test(argc, argv);
	mem = map(16 * page, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	mem[0] = 1;
	features();
	errors();
	limits();
	masks();
	wpasync();
	exited();
	return summary();
}
