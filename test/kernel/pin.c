// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ktest.h"
#include "pin.h"

/* One page of each; the ring's memory stays mapped until the program ends. */
static struct {
	unsigned *tail, *array, mask;
	struct io_uring_sqe *sqes;
} ring_memory;

static int open_ring(void)
{
	struct io_uring_params p = { 0 };
	int fd = syscall(SYS_io_uring_setup, 4, &p);
	char *sq;

	if (fd < 0)
		return -1;
	sq = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(unsigned), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		  fd, IORING_OFF_SQ_RING);
	ring_memory.sqes = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	if (sq == MAP_FAILED || ring_memory.sqes == MAP_FAILED)
		error("mmap of a ring");
	ring_memory.tail = (unsigned *)(sq + p.sq_off.tail);
	ring_memory.array = (unsigned *)(sq + p.sq_off.array);
	ring_memory.mask = *(unsigned *)(sq + p.sq_off.ring_mask);
	return fd;
}

int pin(void *start, size_t length)
{
	struct iovec buffer = { start, length };
	int ring = open_ring();

	if (ring >= 0 && syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1))
		error("IORING_REGISTER_BUFFERS");
	return ring;
}

void pinned_write(int ring, void *start, size_t length, char byte)
{
	unsigned tail = *ring_memory.tail, slot = tail & ring_memory.mask;
	struct io_uring_sqe *sqe = &ring_memory.sqes[slot];
	int fd = temporary_file(length);
	char *content = map(length, MAP_SHARED, fd);

	memset(content, byte, length);
	munmap(content, length);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_READ_FIXED;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)start;
	sqe->len = length;
	ring_memory.array[slot] = slot;
	__atomic_store_n(ring_memory.tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		error("io_uring_enter");
	close(fd);
}

void unpin(int ring)
{
	if (syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0))
		error("IORING_UNREGISTER_BUFFERS");
	close(ring);
}

static void *map_small(size_t length)
{
	return map(length, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void *map_shared(size_t length)
{
	return map(length, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static void *map_file(size_t length)
{
	return map(length, MAP_PRIVATE, temporary_file(length));
}

static void *map_huge(size_t length)
{
	char *m = map_aligned(length);

	*(volatile char *)m = 1;
	return count_pages(m, length, PAGE_IS_HUGE) ? m : NULL;
}

static void *map_hugetlb(size_t length)
{
	void *m = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);

	return m == MAP_FAILED ? NULL : m;
}

const struct pin_kind pin_kinds[] = { { "small pages", map_small }, { "shared memory", map_shared },
				      { "copies of a file", map_file }, { "huge pages", map_huge },
				      { "hugetlb", map_hugetlb },	{ NULL, NULL } };

/* Whether a write through the pin is reported; and, once unpinned, whether a page that is protected stays so. */
static bool is_reported(const struct pin_kind *kind, int uffd, void (*protect)(int uffd, void *start, size_t length))
{
	const size_t length = HUGE_PAGE;
	char *m = kind->map(length);
	bool reported;
	int ring;

	if (!m)
		return true;
	memset(m, 1, length);
	uffd_register(uffd, m, length);
	ring = pin(m, length);
	if (ring < 0)
		not_applicable("no io_uring");
	protect(uffd, m, length);
	pinned_write(ring, m, length, 2);
	if (m[0] != 2 || m[length - 1] != 2)
		error("READ_FIXED");
	reported = scan_written(m, length, false) == (long)(length / PAGE);
	unpin(ring);
	/* Pins go a little later than the call returns. */
	for (int i = 0; i < 100; i++) {
		protect(uffd, m, length);
		if (scan_written(m, length, false) == 0)
			break;
		if (i == 99)
			defect("%s stay written when they are no longer pinned", kind->name);
		usleep(20000);
	}
	munmap(m, length);
	return reported;
}

void check_pinned(const char *by, void (*protect)(int uffd, void *start, size_t length))
{
	const struct pin_kind *kind;
	int uffd = uffd_async();
	char lost[200] = "";

	need_huge_pages(1);
	for (kind = pin_kinds; kind->name; kind++) {
		if (is_reported(kind, uffd, protect))
			continue;
		if (lost[0])
			strcat(lost, ", ");
		strcat(lost, kind->name);
	}
	judge(lost[0], "writes to pinned pages that %s protected and that are not reported: %s", by, lost[0] ? lost : "none");
}
