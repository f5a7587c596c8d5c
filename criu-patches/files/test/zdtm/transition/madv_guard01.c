// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "zdtmtst.h"

const char *test_doc = "Thousands of guard regions that come and go, between written pages\n";
const char *test_author = "criu-uffd-wp";

char *filename;
TEST_OPTION(filename, string, "file name", 1);

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE  103
#endif

#define NR_PAGES  10000
#define FILE_BYTE 'f'
#define GUARD	  -1

static struct area {
	char *mem;
	char empty;	    /* what a page reads as that was never written, or dropped */
	short is[NR_PAGES]; /* GUARD, or the byte at both ends of the page */
} anon = { .empty = 0 }, file = { .empty = FILE_BYTE };

static int map(struct area *a, int fd)
{
	int i;

	a->mem = mmap(NULL, NR_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
	if (a->mem == MAP_FAILED) {
		pr_perror("mmap");
		return -1;
	}

	for (i = 0; i < NR_PAGES; i++)
		a->is[i] = a->empty;

	return 0;
}

static int map_file(struct area *a)
{
	static char page[65536];
	int fd, i, ret = -1;

	fd = open(filename, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0) {
		pr_perror("Can't open %s", filename);
		return -1;
	}

	memset(page, FILE_BYTE, PAGE_SIZE);
	for (i = 0; i < NR_PAGES; i++) {
		if (write(fd, page, PAGE_SIZE) != PAGE_SIZE) {
			pr_perror("Can't write to %s", filename);
			goto out;
		}
	}

	ret = map(a, fd);
out:
	close(fd);
	return ret;
}

static int advise(struct area *a, int i, int advice)
{
	if (!madvise(a->mem + i * PAGE_SIZE, PAGE_SIZE, advice))
		return 0;

	pr_perror("madvise(%d)", advice);
	return -1;
}

static void write_page(struct area *a, int i)
{
	char byte = 'A' + random() % 26;

	a->mem[i * PAGE_SIZE] = byte;
	a->mem[(i + 1) * PAGE_SIZE - 1] = byte;
	a->is[i] = byte;
}

static int change(struct area *a)
{
	int i = random() % NR_PAGES, what = random() % 4;

	if (a->is[i] != GUARD && what < 2) {
		write_page(a, i);
		return 0;
	}

	if (advise(a, i, a->is[i] == GUARD ? MADV_GUARD_REMOVE : MADV_GUARD_INSTALL))
		return -1;

	a->is[i] = a->is[i] == GUARD ? a->empty : GUARD;
	if (a->is[i] != GUARD && what == 3)
		write_page(a, i);

	return 0;
}

static bool is_right(const struct area *a, int i)
{
	char *page = a->mem + i * PAGE_SIZE, found[2] = {};
	struct iovec local = { .iov_base = found, .iov_len = 2 };
	struct iovec remote[2] = { { .iov_base = page, .iov_len = 1 },
				   { .iov_base = page + PAGE_SIZE - 1, .iov_len = 1 } };
	ssize_t ret;

	ret = process_vm_readv(getpid(), &local, 1, remote, 2, 0);
	if (a->is[i] == GUARD)
		return ret < 0 && errno == EFAULT;

	return ret == 2 && found[0] == a->is[i] && found[1] == a->is[i];
}

static int check(const struct area *a, const char *name)
{
	int i;

	for (i = 0; i < NR_PAGES; i++) {
		if (!is_right(a, i)) {
			fail("%s: page %d is not %d", name, i, a->is[i]);
			return -1;
		}
	}

	return 0;
}

int main(int argc, char **argv)
{
	int i;

	test_init(argc, argv);

	if (map(&anon, -1) || map_file(&file))
		return 1;
	for (i = 0; i < NR_PAGES; i++)
		if (change(&anon) || change(&file))
			return 1;

	test_daemon();

	while (test_go()) {
		if (change(&anon) || change(&file)) {
			fail("can't change guards");
			return 1;
		}
	}

	if (!check(&anon, "anonymous") && !check(&file, "file"))
		pass();

	return 0;
}
