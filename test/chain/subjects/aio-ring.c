// SPDX-License-Identifier: GPL-2.0
/*
 * An AIO ring: a shared mapping that cannot be registered (EINVAL) and that
 * CRIU restores by hand, and kernel writes into the task's pages through it.
 * Asynchronous I/O goes on while a task is stopped, and a device writes past the
 * protection of pages that were pinned before: all of such a task is dumped.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../subject.h"

#define NR_PAGES  64
#define NR_EVENTS 64

static struct region *area;
static aio_context_t ctx;
static char page[65536];

void subject_setup(void)
{
	if (syscall(SYS_io_setup, NR_EVENTS, &ctx))
		skip("io_setup: %m");
	/* CRIU makes a new ring: its id and the counters in its header are new. */
	mark_volatile((void *)ctx, 64, "header of the AIO ring");
	area = region_map("area", NR_PAGES, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, NR_PAGES);
}

static void read_into(int fd, size_t to)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = fd,
		.aio_buf = (uintptr_t)region_page(area, to),
		.aio_nbytes = page_size,
	},
		    *list = &cb;
	struct io_event event;

	page_fill(page, page_retag(area, to));
	must(pwrite(fd, page, page_size, 0) == (ssize_t)page_size);
	must(syscall(SYS_io_submit, ctx, 1, &list) == 1);
	must(syscall(SYS_io_getevents, ctx, 1, 1, &event, NULL) == 1);
	if (event.res != (long)page_size)
		fail("asynchronous read: %lld", (long long)event.res);
}

void subject_step(int n)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);
	size_t i;

	must(fd >= 0);
	for (i = 0; i < 4; i++)
		read_into(fd, (8 * n + i) % NR_PAGES);
	must(close(fd) == 0);
	expect_full(area->start, region_bytes(area));
	expect_written(area->start, region_bytes(area));
}
