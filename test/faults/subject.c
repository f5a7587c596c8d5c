// SPDX-License-Identifier: GPL-2.0
/*
 * The task that the scripts here dump: 64 MiB of pages, one in a hundred of
 * them rewritten in each step. If the directory has a file "exec", the next step
 * replaces the program by itself, with other content at the same addresses. With
 * "away" the next step only moves half of the pages elsewhere, with "back" it
 * moves them back first: then they are one mapping again, that nobody tracks, and
 * the kernel leaves the write protection in its page tables. With "read" the next
 * command begins with a look at all pages, with "fork" a child looks at them first.
 * With "guard" they become a guard region, and the subject looks whether they still
 * are when there is a file "go". With "churn" other memory is protected, moved,
 * dropped, unmapped and forked, and then compared. With "direct", a link, the next
 * step opens that file for direct I/O, in place of the one it may have opened before.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subject.h"

#define AREA_BYTES (64UL << 20)
#define ELSEWHERE ((char *)0x200000000000)
#define SCRATCH_PAGES 2048UL
#define BLOCK	      64UL /* pages of scratch memory that churn() treats alike */

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static struct region *area;

/* 64-bit words with what tells the page, in each page of memory that the model does not know. */
static char *scratch;

static uint64_t scratch_word(size_t page)
{
	return 0x5c7a7c4000000000ULL + page;
}

static void make_scratch(void)
{
	size_t i;

	scratch = mmap(NULL, SCRATCH_PAGES * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(scratch != MAP_FAILED);
	for (i = 0; i < SCRATCH_PAGES; i++)
		*(uint64_t *)(scratch + i * page_size) = scratch_word(i);
}

static void make_area(void)
{
	area = region_map("area", AREA_BYTES / page_size, PROT_READ | PROT_WRITE, 0);
	pages_write(area, 0, area->nr_pages);
}

void subject_setup(void)
{
	make_area();
	make_scratch();
}

void subject_resume(int n)
{
	(void)n;
	make_area();
	make_scratch();
}

static void move(char *from, char *to)
{
	must(mremap(from, AREA_BYTES / 2, AREA_BYTES / 2, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
}

static void open_direct(void)
{
	static int direct = -1;

	if (direct >= 0)
		close(direct);
	direct = open("direct", O_RDONLY | O_DIRECT | O_CLOEXEC);
	must(direct >= 0);
	must(unlink("direct") == 0);
}

void subject_step(int n)
{
	char *half = area->start + AREA_BYTES / 2;

	(void)n;
	if (!access("direct", F_OK))
		open_direct();
	if (!unlink("exec"))
		subject_exec();
	if (!unlink("away")) {
		move(half, ELSEWHERE);
		return;
	}
	if (!unlink("back"))
		move(ELSEWHERE, half);
	pages_write_some(area, 0, area->nr_pages, area->nr_pages / 100);
}

static uint64_t sum_of_area(void)
{
	const volatile uint64_t *page;
	uint64_t sum = 0;

	for (page = (void *)area->start; (char *)page < area->start + AREA_BYTES; page += page_size / sizeof(*page))
		sum = sum * 31 + *page;
	return sum;
}

static void read_with_child(void)
{
	uint64_t *sum = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t child;

	must(sum != MAP_FAILED);
	child = fork();
	must(child >= 0);
	if (!child) {
		*sum = sum_of_area();
		_exit(0);
	}
	must(waitpid(child, &status, 0) == child && !status);
	if (*sum != sum_of_area())
		fail("a child has other pages");
	must(!munmap(sum, page_size));
}

/* Also over pages that are still missing after a lazy restore. What the model says of the pages is wrong then. */
static void guard_all(void)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	size_t i;
	char c;

	must(mem >= 0);
	must(!madvise(area->start, AREA_BYTES, MADV_GUARD_INSTALL));
	must(!rename("guard", "guarded"));
	while (access("go", F_OK))
		usleep(1000);

	for (i = 0; i < area->nr_pages; i++)
		if (pread(mem, &c, 1, (off_t)(area->start + i * page_size)) == 1)
			fail("page %zu is not guarded any more", i);
	must(!rename("guarded", "still-guarded"));
	pause();
}

/* A fork() between any of these: what has not come yet is to come in the child, too. */
static void child_sees(const char *page, uint64_t word)
{
	pid_t child = fork();
	int status;

	must(child >= 0);
	if (!child)
		_exit(*(const uint64_t *)page != word);
	must(waitpid(child, &status, 0) == child);
	if (status)
		fail("a child has another page at %p", page);
}

/* Protects, moves, drops and unmaps parts of scratch memory, of which after a lazy restore little is there yet. */
static void churn(void)
{
	size_t i, k, block = BLOCK * page_size;
	uint64_t *word;
	char *start;

	for (i = 0; i < SCRATCH_PAGES; i += BLOCK) {
		start = scratch + i * page_size;
		switch (i / BLOCK % 4) {
		case 0: /* a page of its own VMA in the middle, another one dropped */
			must(!mprotect(start + 8 * page_size, page_size, PROT_READ));
			must(!madvise(start + 20 * page_size, page_size, MADV_DONTNEED));
			break;
		case 1: /* away: the first pages alone, then the others */
			must(mremap(start, 4 * page_size, 4 * page_size, MREMAP_MAYMOVE | MREMAP_FIXED,
				    ELSEWHERE + i * page_size) != MAP_FAILED);
			must(mremap(start + 4 * page_size, block - 4 * page_size, block - 4 * page_size,
				    MREMAP_MAYMOVE | MREMAP_FIXED, ELSEWHERE + (i + 4) * page_size) != MAP_FAILED);
			break;
		case 2: /* without its beginning */
			must(!munmap(start, 3 * page_size));
			break;
		}
		if (i % (BLOCK * 16) == BLOCK)
			child_sees(ELSEWHERE + (i + 7) * page_size, scratch_word(i + 7));
	}

	for (i = 0; i < SCRATCH_PAGES; i++) {
		k = i % BLOCK;
		word = (uint64_t *)((i / BLOCK % 4 == 1 ? ELSEWHERE : scratch) + i * page_size);
		if (i / BLOCK % 4 == 2 && k < 3)
			continue;
		if (*word != (i / BLOCK % 4 == 0 && k == 20 ? 0 : scratch_word(i)))
			fail("page %zu of scratch memory has %#llx", i, (unsigned long long)*word);
	}
}

void subject_busy(void)
{
	if (!unlink("churn")) {
		churn();
		sum_of_area();
	}
	if (!access("guard", F_OK))
		guard_all();
	if (!unlink("read"))
		sum_of_area();
	if (!unlink("fork"))
		read_with_child();
}
