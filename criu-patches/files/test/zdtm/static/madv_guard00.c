// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtmtst.h"

const char *test_doc = "Thousands of guard regions, also in locked memory and in a child\n";
const char *test_author = "criu-uffd-wp";

char *filename;
TEST_OPTION(filename, string, "file name", 1);

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define NR_GUARDS  5000
#define NR_PAGES   (2 * NR_GUARDS)
#define NR_LOCKED  8
#define FILE_BYTE  'f'
#define DATA_BYTE(i) ('a' + (i) % 16)

static char *anon, *file, *locked;

static char *map(size_t nr_pages, int fd)
{
	char *mem;

	mem = mmap(NULL, nr_pages * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
	if (mem == MAP_FAILED) {
		pr_perror("mmap");
		return NULL;
	}

	return mem;
}

static char *map_file(void)
{
	static char page[65536];
	char *mem = NULL;
	int fd, i;

	fd = open(filename, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0) {
		pr_perror("Can't open %s", filename);
		return NULL;
	}

	memset(page, FILE_BYTE, PAGE_SIZE);
	for (i = 0; i < NR_PAGES; i++) {
		if (write(fd, page, PAGE_SIZE) != PAGE_SIZE) {
			pr_perror("Can't write to %s", filename);
			goto out;
		}
	}

	mem = map(NR_PAGES, fd);
out:
	close(fd);
	return mem;
}

/* Guards at every second page; of the others every second one is written. */
static int fill(char *mem, size_t nr_pages)
{
	size_t i;

	for (i = 0; i < nr_pages; i++) {
		char *page = mem + i * PAGE_SIZE;

		if (i % 4 < 3)
			memset(page, DATA_BYTE(i), PAGE_SIZE);
		if (i % 2 == 0 && madvise(page, PAGE_SIZE, MADV_GUARD_INSTALL)) {
			pr_perror("MADV_GUARD_INSTALL");
			return -1;
		}
	}

	return 0;
}

/* 1: it can be read and has these bytes at both ends, 0: it can't be read, -1: else. */
static int look(char *page, char byte)
{
	char found[2] = {};
	struct iovec local = { .iov_base = found, .iov_len = 2 };
	struct iovec remote[2] = { { .iov_base = page, .iov_len = 1 },
				   { .iov_base = page + PAGE_SIZE - 1, .iov_len = 1 } };
	ssize_t ret;

	ret = process_vm_readv(getpid(), &local, 1, remote, 2, 0);
	if (ret < 0 && errno == EFAULT)
		return 0;

	return ret == 2 && found[0] == byte && found[1] == byte ? 1 : -1;
}

static int check(const char *name, char *mem, size_t nr_pages, char untouched)
{
	size_t i;

	for (i = 0; i < nr_pages; i++) {
		int wanted = i % 2, found = look(mem + i * PAGE_SIZE, i % 4 == 3 ? untouched : DATA_BYTE(i));

		if (found != wanted) {
			pr_err("%s: page %zu: %d instead of %d\n", name, i, found, wanted);
			return -1;
		}
	}

	return 0;
}

static int check_all(void)
{
	return check("anonymous", anon, NR_PAGES, 0) || check("file", file, NR_PAGES, FILE_BYTE) ||
	       check("locked", locked, NR_LOCKED, 0);
}

/* Memory that is locked refuses guards. */
static int check_is_locked(void)
{
	size_t i;

	for (i = 0; i < NR_LOCKED; i++) {
		if (!madvise(locked + i * PAGE_SIZE, PAGE_SIZE, MADV_GUARD_INSTALL) || errno != EINVAL) {
			pr_err("page %zu is not locked\n", i);
			return -1;
		}
	}

	return 0;
}

static int lock(void)
{
	/* It can't populate the guards, and locks nevertheless. */
	if (!mlock(locked, NR_LOCKED * PAGE_SIZE) || errno != ENOMEM) {
		pr_perror("mlock over guards is expected to fail with ENOMEM");
		return -1;
	}

	return check_is_locked();
}

static pid_t start_child(task_waiter_t *t)
{
	pid_t pid = test_fork();

	if (pid)
		return pid;

	task_waiter_complete_current(t);
	test_waitsig();
	/* Locks are not inherited. */
	exit(check_all() ? 1 : 0);
}

static int child_failed(pid_t pid)
{
	int status;

	if (kill(pid, SIGTERM) || waitpid(pid, &status, 0) != pid) {
		pr_perror("Can't end the child");
		return 1;
	}

	return status;
}

int main(int argc, char **argv)
{
	task_waiter_t t;
	pid_t child;

	test_init(argc, argv);
	task_waiter_init(&t);

	anon = map(NR_PAGES, -1);
	file = map_file();
	locked = map(NR_LOCKED, -1);
	if (!anon || !file || !locked)
		return 1;
	if (fill(anon, NR_PAGES) || fill(file, NR_PAGES) || fill(locked, NR_LOCKED) || lock() || check_all())
		return 1;

	child = start_child(&t);
	if (child < 0) {
		pr_perror("fork");
		return 1;
	}
	task_waiter_wait4(&t, child);

	test_daemon();
	test_waitsig();

	if (check_all() || check_is_locked())
		fail("guards are not what they were");
	else if (child_failed(child))
		fail("guards of the child are not what they were");
	else
		pass();

	return 0;
}
