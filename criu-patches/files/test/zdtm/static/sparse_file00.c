// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sparse_pages.h"
#include "zdtmtst.h"

const char *test_doc = "Private mappings of a file larger than memory: a read-only one, one with pages of its own";
const char *test_author = "criu-uffd-wp maintainers";

char *filename;
TEST_OPTION(filename, string, "file name", 1);

#define FILE_SIZE (100UL << 30)
#define NR_PAGES  200
#define STRIDE	  (FILE_SIZE / NR_PAGES)

static char *ro, *rw;
static unsigned long own_tags[NR_PAGES];

static unsigned long file_tag(int p)
{
	return p % 2 ? NO_CONTENT : p + 1000;
}

static int set_up(void)
{
	char *shared;
	int fd, p;

	fd = open(filename, O_RDWR | O_CREAT | O_EXCL, 0644);
	if (fd < 0 || ftruncate(fd, FILE_SIZE))
		return pr_perror("Can't make %s", filename);
	shared = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ro = mmap(NULL, FILE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0);
	rw = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
	if (shared == MAP_FAILED || ro == MAP_FAILED || rw == MAP_FAILED)
		return pr_perror("mmap");
	for (p = 0; p < NR_PAGES; p++)
		if (file_tag(p) != NO_CONTENT)
			page_fill(shared + p * STRIDE, file_tag(p));
	if (munmap(shared, FILE_SIZE))
		return pr_perror("munmap");
	close(fd);
	return 0;
}

static int check_one(int p)
{
	return page_check(ro + p * STRIDE, file_tag(p)) |
	       page_check(rw + p * STRIDE, own_tags[p] == NO_CONTENT ? file_tag(p) : own_tags[p]);
}

/* A page of the task's own is written, or dropped: then the file's is seen again. */
static int change_one(void)
{
	int p = lrand48() % NR_PAGES;

	if (check_one(p))
		return 1;
	if (lrand48() % 4 == 0)
		return page_drop(rw + p * STRIDE, &own_tags[p]);
	page_renew(rw + p * STRIDE, &own_tags[p]);
	return 0;
}

int main(int argc, char **argv)
{
	int i, failed = 0;

	test_init(argc, argv);
	if (set_up())
		return 1;
	if (change_some(change_one, 2 * NR_PAGES))
		return 1;

	test_daemon();
	if (change_all_the_time(change_one, 8))
		return 1;

	for (i = 0; i < NR_PAGES; i++)
		failed |= check_one(i);
	if (failed)
		return 1;
	pass();
	return 0;
}
