// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "empty.h"
#include "uffd-of.h"

/* Page tables for anything else: the stack, the page table of a few pages of the mapping. */
#define FEW_KIB 256

static const char *const kinds[] = { "anonymous", "private file", "shared file", "shmem" };
static const char *const ways[] = { "scan of populated", "scan of written", "UFFDIO_WRITEPROTECT" };

static const uint64_t len = 10UL << 30;
static bool no_populate;
static int pagemap;

static long vm_pte_kib(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	long kib = -1;

	MUST(f != NULL);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "VmPTE: %ld", &kib);
	fclose(f);
	MUST(kib >= 0);
	return kib;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* An empty mapping of the kind. Files are in the working directory, and sparse. */
static char *map_empty(int kind)
{
	int flags = (kind < 2 ? MAP_PRIVATE : MAP_SHARED) | MAP_NORESERVE | (kind ? 0 : MAP_ANONYMOUS), fd = -1;
	char name[] = "empty-ranges.XXXXXX", *p;

	if (kind) {
		fd = kind == 3 ? memfd_create("empty", MFD_CLOEXEC) : mkstemp(name);
		MUST(fd >= 0 && !ftruncate(fd, len));
		if (kind != 3)
			unlink(name);
	}

	p = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);
	MUST(p != MAP_FAILED);
	/* Huge pages are another matter. */
	MUST(!madvise(p, len, MADV_NOHUGEPAGE) || errno == EINVAL);
	if (fd >= 0)
		close(fd);
	return p;
}

static int try_protect(int uffd, uint64_t start)
{
	struct uffdio_writeprotect wp = { .range = { start, len }, .mode = UFFDIO_WRITEPROTECT_MODE_WP };

	return ioctl(uffd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

static long arm(int way, int uffd, uint64_t start)
{
	switch (way) {
	case 0:
		return scan_of(pagemap, start, len, 0, PAGE_IS_PRESENT | PAGE_IS_SWAPPED, true);
	case 1:
		return scan_of(pagemap, start, len, PAGE_IS_WRITTEN, 0, true);
	default:
		return try_protect(uffd, start);
	}
}

static long written(uint64_t start)
{
	return scan_of(pagemap, start, len, PAGE_IS_WRITTEN, PAGE_IS_PRESENT | PAGE_IS_SWAPPED, false);
}

/* Whatever comes in counts as written, until it is protected; then what is written to does, and nothing else. */
static void check_tracking(int way, int uffd, volatile char *p)
{
	uint64_t start = (uintptr_t)p;
	long nr;

	p[5 * PAGE] = 1;
	p[len - PAGE] = 1;
	(void)p[len / 2];
	nr = written(start);
	CHECK(nr == 3, "%ld pages are written after 3 came in", nr);

	nr = arm(way, uffd, start);
	CHECK(nr >= 0, "can't arm again: %ld", nr);
	nr = written(start);
	CHECK(nr == 0, "%ld pages are written after they were protected", nr);

	p[len - PAGE] = 2;
	p[7 * PAGE] = 2;
	nr = written(start);
	CHECK(nr == 2, "%ld pages are written after 2 were", nr);
}

static void try(int kind, int way)
{
	uint64_t features = UFFD_FEATURE_WP_ASYNC | (no_populate ? UFFD_FEATURE_WP_NO_POPULATE : 0);
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	long before, after, ret;
	double start;
	char *p;
	int fd;

	fd = syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	MUST(fd >= 0);
	CHECK(!ioctl(fd, UFFDIO_API, &api), "UFFDIO_API with features %#" PRIx64 ": %m", features);

	p = map_empty(kind);
	ret = uffd_try_register(fd, (uintptr_t)p, len);
	CHECK(!ret, "UFFDIO_REGISTER of %s: %s", kinds[kind], strerror(-ret));

	before = vm_pte_kib();
	start = now_ms();
	ret = arm(way, fd, (uintptr_t)p);
	start = now_ms() - start;
	CHECK(ret >= 0, "%s of %s: %s", ways[way], kinds[kind], strerror(-ret));
	after = vm_pte_kib();
	printf("%-12s  %-20s  %9.3f ms  VmPTE %6ld -> %6ld KiB\n", kinds[kind], ways[way], start, before, after);

	if (way == 0 || no_populate)
		CHECK(after - before <= FEW_KIB, "page tables were allocated for what is empty");
	else
		/* 8 bytes a page */
		CHECK(after - before >= (long)(len / PAGE * 8 / 1024), "page tables are not seen in VmPTE");
	if (way == 0 || no_populate)
		check_tracking(way, fd, p);

	munmap(p, len);
	close(fd);
}

void check_empty(bool flag)
{
	unsigned int kind, way;

	if (!(uffd_features() & UFFD_FEATURE_WP_ASYNC))
		not_applicable("no UFFD_FEATURE_WP_ASYNC");

	no_populate = flag;
	setvbuf(stdout, NULL, _IOLBF, 0);
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	MUST(pagemap >= 0);

	for (kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++)
		for (way = 0; way < sizeof(ways) / sizeof(ways[0]); way++)
			try(kind, way);
}
