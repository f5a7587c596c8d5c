// SPDX-License-Identifier: GPL-2.0
/*
 * Who registers the mappings of a process that runs, by bounds that are old already, splits mappings, and an mremap()
 * of the process fails; not with UFFDIO_REGISTER_MODE_EXACT.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "uffd-of.h"

#define SECONDS 5
#define SECONDS_TO_SEE 30

/* Shared with the process that moves its memory. */
static struct {
	volatile long moves, failures;
} *moved;

static int try_register(int uffd, uint64_t start, uint64_t len, uint64_t mode)
{
	struct uffdio_register reg = { .range = { start, len }, .mode = mode };

	return ioctl(uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

static void check_bounds(void)
{
	const uint64_t mode = UFFDIO_REGISTER_MODE_WP | UFFDIO_REGISTER_MODE_EXACT;
	int uffd = uffd_async(), ret;
	char *p = map(8 * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	uint64_t start = (uintptr_t)p;

	/* Three mappings, with nothing next to them. */
	MUST(!munmap(p, PAGE) && !munmap(p + 7 * PAGE, PAGE) && !mprotect(p + 3 * PAGE, 2 * PAGE, PROT_READ));
	ret = try_register(uffd, start + 3 * PAGE, PAGE, mode);
	CHECK(ret == -EAGAIN, "the start of a mapping: %d", ret);
	ret = try_register(uffd, start + 4 * PAGE, PAGE, mode);
	CHECK(ret == -EAGAIN, "the end of a mapping: %d", ret);
	ret = try_register(uffd, start + PAGE, 4 * PAGE, mode);
	CHECK(ret == -EAGAIN, "two mappings: %d", ret);
	ret = try_register(uffd, start, 3 * PAGE, mode);
	CHECK(ret == -EAGAIN, "a mapping and a page before it: %d", ret);
	ret = try_register(uffd, start + 5 * PAGE, 3 * PAGE, mode);
	CHECK(ret == -EAGAIN, "a mapping and a page behind it: %d", ret);
	ret = try_register(uffd, start, PAGE, mode);
	CHECK(ret == -EINVAL, "nothing: %d", ret);
	ret = try_register(uffd, start + 3 * PAGE, 2 * PAGE, UFFDIO_REGISTER_MODE_EXACT);
	CHECK(ret == -EINVAL, "no mode: %d", ret);
	ret = try_register(uffd, start + 3 * PAGE, 2 * PAGE, mode);
	CHECK(ret == 0, "a mapping: %d", ret);
	close(uffd);
	munmap(p + PAGE, 6 * PAGE);
}

/* Mappings of two sizes that come to the same place. */
static void __attribute__((noreturn)) move(void)
{
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0;; i++) {
		size_t size = (i % 2 ? 32 : 64) * PAGE;
		void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *q;

		q = mremap(p, size, size + PAGE, MREMAP_MAYMOVE);
		if (q == MAP_FAILED) {
			moved->failures++;
			munmap(p, size);
		} else {
			munmap(q, size + PAGE);
		}
		moved->moves++;
	}
}

static long register_all(int uffd, pid_t pid, uint64_t mode)
{
	uint64_t start, end;
	char line[512], prot[8];
	long nr = 0;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%d/maps", pid);
	f = fopen(line, "re");
	MUST(f != NULL);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &start, &end, prot) == 3 && !strcmp(prot, "rw-p") &&
		    !strchr(line, '/') && !strchr(line, '['))
			nr += !try_register(uffd, start, end - start, mode);
	fclose(f);
	return nr;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Returns how many mremap() failed within the time, or until the first did. */
static long race(uint64_t mode, double seconds, bool to_see)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };
	double end = now() + seconds;
	long registered = 0;
	pid_t pid;
	int uffd;

	moved->moves = moved->failures = 0;
	pid = fork();
	MUST(pid >= 0);
	if (!pid)
		move();

	uffd = new_by_pid(pid);
	CHECK(uffd >= 0, "no userfaultfd of the process: %s", strerror(-uffd));
	MUST(!ioctl(uffd, UFFDIO_API, &api));
	while (now() < end && !(to_see && moved->failures))
		registered += register_all(uffd, pid, mode);

	target_end(pid);
	close(uffd);
	printf("%s: %ld mappings registered, %ld mremap, %ld failed\n",
	       mode & UFFDIO_REGISTER_MODE_EXACT ? "exact" : "by bounds", registered, moved->moves, moved->failures);
	CHECK(registered && moved->moves, "nothing happened");
	return moved->failures;
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!(uffd_features() & UFFD_FEATURE_REGISTER_EXACT))
		defect("UFFD_FEATURE_REGISTER_EXACT is not there");
	check_bounds();

	targets_init();
	moved = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(moved != MAP_FAILED);
	if (!race(UFFDIO_REGISTER_MODE_WP, SECONDS_TO_SEE, true)) {
		errno = ETIMEDOUT;
		error("no mremap() failed without the mode, this shows nothing");
	}
	CHECK(!race(UFFDIO_REGISTER_MODE_WP | UFFDIO_REGISTER_MODE_EXACT, SECONDS, false), "mremap() failed");
	fixed("mappings that are registered while they move are not split");
}
