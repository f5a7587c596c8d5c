// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ktest.h"

static void finish(int status, const char *format, va_list args) __attribute__((noreturn));

static void finish(int status, const char *format, va_list args)
{
	vprintf(format, args);
	printf("\n");
	exit(status);
}

#define FINISHER(name, status) \
	void name(const char *format, ...) \
	{ \
		va_list args; \
 \
		va_start(args, format); \
		finish(status, format, args); \
	}

FINISHER(fixed, FIXED)
FINISHER(defect, DEFECT)
FINISHER(not_applicable, NOT_APPLICABLE)

void error(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(ERROR);
}

static int uffd_open(struct uffdio_api *api)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);

	if (fd < 0)
		error("userfaultfd");
	if (ioctl(fd, UFFDIO_API, api) == 0)
		return fd;
	close(fd);
	return -1;
}

int uffd_sync(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	int fd = uffd_open(&api);

	if (fd < 0)
		not_applicable("no UFFD_FEATURE_PAGEFAULT_FLAG_WP");
	return fd;
}

uint64_t uffd_features(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = uffd_open(&api);

	if (fd < 0)
		error("UFFDIO_API");
	close(fd);
	return api.features;
}

int uffd_async(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };
	struct pm_scan_arg arg = { 0 };
	int fd = uffd_open(&api);

	if (fd < 0)
		not_applicable("no UFFD_FEATURE_WP_ASYNC");
	if (scan(&arg, &arg, 0, NULL, 0) < 0 && errno != EINVAL && errno != EFAULT)
		not_applicable("no PAGEMAP_SCAN");
	return fd;
}

void uffd_register(int uffd, void *start, size_t length)
{
	struct uffdio_register reg = { .range = { (uintptr_t)start, length }, .mode = UFFDIO_REGISTER_MODE_WP };

	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		error("UFFDIO_REGISTER");
}

void uffd_unregister(int uffd, void *start, size_t length)
{
	struct uffdio_range range = { (uintptr_t)start, length };

	if (ioctl(uffd, UFFDIO_UNREGISTER, &range))
		error("UFFDIO_UNREGISTER");
}

void uffd_protect(int uffd, void *start, size_t length)
{
	struct uffdio_writeprotect wp = { { (uintptr_t)start, length }, UFFDIO_WRITEPROTECT_MODE_WP };

	if (ioctl(uffd, UFFDIO_WRITEPROTECT, &wp))
		error("UFFDIO_WRITEPROTECT");
}

long count_entries(void *start, size_t length, uint64_t flag)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uintptr_t page = (uintptr_t)start / PAGE, end = page + length / PAGE;
	uint64_t entry;
	long count = 0;

	if (pagemap < 0)
		error("/proc/self/pagemap");
	for (; page < end; page++) {
		if (pread(pagemap, &entry, sizeof(entry), page * sizeof(entry)) != sizeof(entry))
			error("/proc/self/pagemap");
		count += (entry & flag) != 0;
	}
	close(pagemap);
	return count;
}

void *map(size_t length, int flags, int fd)
{
	void *start = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (start == MAP_FAILED)
		error("mmap");
	if (!(flags & MAP_HUGETLB))
		madvise(start, length, MADV_NOHUGEPAGE);
	return start;
}

void *map_aligned(size_t length)
{
	uintptr_t start = (uintptr_t)mmap(NULL, length + HUGE_PAGE, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t aligned = (start + HUGE_PAGE - 1) & -HUGE_PAGE;

	if (start == (uintptr_t)MAP_FAILED)
		error("mmap");
	if (aligned > start)
		munmap((void *)start, aligned - start);
	munmap((void *)(aligned + length), start + HUGE_PAGE - aligned);
	madvise((void *)aligned, length, MADV_HUGEPAGE);
	return (void *)aligned;
}

int temporary_file(size_t length)
{
	const char *directory = getenv("TMPDIR");
	char path[4096], *content;
	int fd;

	snprintf(path, sizeof(path), "%s/ktest-XXXXXX", directory ? directory : "/tmp");
	fd = mkstemp(path);
	content = malloc(length);
	if (fd < 0 || !content)
		error(path);
	unlink(path);
	memset(content, 'f', length);
	if (pwrite(fd, content, length, 0) != (ssize_t)length)
		error(path);
	free(content);
	return fd;
}

static unsigned free_huge_pages(void)
{
	unsigned count = 0;
	char line[200];
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		error("/proc/meminfo");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "HugePages_Free: %u", &count) == 1)
			break;
	fclose(f);
	return count;
}

void need_huge_pages(unsigned count)
{
	FILE *f;

	if (free_huge_pages() >= count)
		return;
	f = fopen("/proc/sys/vm/nr_hugepages", "we");
	if (f) {
		fprintf(f, "%u\n", count);
		fclose(f);
	}
	if (free_huge_pages() < count)
		not_applicable("no %u huge pages of hugetlb", count);
}

long scan(struct pm_scan_arg *arg, void *start, size_t length, struct page_region *regions, size_t n_regions)
{
	static int pagemap = -1;

	if (pagemap < 0)
		pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		error("/proc/self/pagemap");
	arg->size = sizeof(*arg);
	arg->start = (uintptr_t)start;
	arg->end = arg->start + length;
	arg->vec = (uintptr_t)regions;
	arg->vec_len = n_regions;
	return ioctl(pagemap, PAGEMAP_SCAN, arg);
}

/* All pages that the masks select; there have to be less than 4096 runs of them. */
static long scan_pages(struct pm_scan_arg *arg, void *start, size_t length)
{
	static struct page_region regions[4096];
	long n = scan(arg, start, length, regions, 4096), pages = 0;

	if (n < 0)
		error("PAGEMAP_SCAN");
	for (long i = 0; i < n; i++)
		pages += (regions[i].end - regions[i].start) / PAGE;
	return pages;
}

long scan_written(void *start, size_t length, bool protect)
{
	struct pm_scan_arg arg = {
		.flags = protect ? PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC : 0,
		.category_mask = PAGE_IS_WRITTEN,
		.category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
		.return_mask = PAGE_IS_WRITTEN | PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
	};

	return scan_pages(&arg, start, length);
}

long count_pages(void *start, size_t length, uint64_t categories)
{
	struct pm_scan_arg arg = { .category_mask = categories, .return_mask = categories | PAGE_IS_PRESENT };

	return scan_pages(&arg, start, length);
}
