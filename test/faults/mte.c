// SPDX-License-Identifier: GPL-2.0
/*
 * mte FILE: a task with memory whose granules of 16 bytes have tags, and that checks them (arm64, MTE).
 * SIGUSR1: rewrites some pages. SIGUSR2: writes to FILE
 *
 *   content COUNT tags COUNT of COUNT checked 0|1
 *
 * pages that hold what was written, pages with their tags, pages, and whether the kernel still checks tags.
 * Exit status 77: no MTE here.
 */
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifdef __aarch64__

#ifndef HWCAP2_MTE
#define HWCAP2_MTE (1 << 18)
#endif
#ifndef PROT_MTE
#define PROT_MTE 0x20
#endif
/* linux/prctl.h */
#ifndef PR_SET_TAGGED_ADDR_CTRL
#define PR_SET_TAGGED_ADDR_CTRL 55
#define PR_GET_TAGGED_ADDR_CTRL 56
#endif
#define TAGGED_ADDR_ENABLE 1
#define CHECK_AT_ONCE (1 << 1)
#define ALL_TAGS (0xfffeUL << 3)

#define NR_PAGES 64
#define GRANULE 16
#define TAG_SHIFT 56

static size_t page_size;
static uintptr_t area; /* untagged */
static unsigned char content[NR_PAGES];

static uint64_t tag_of_page(int page)
{
	return page % 15 + 1;
}

/* With the tag that the page has: the only kind of pointer that may be used while tags are checked. */
static char *pointer(int page)
{
	return (char *)((area + page * page_size) | tag_of_page(page) << TAG_SHIFT);
}

static void set_tags(int page)
{
	char *p = pointer(page), *end = p + page_size;

	for (; p < end; p += GRANULE)
		asm volatile(".arch armv8.5-a+memtag\n\tstg %0, [%0]" : : "r"(p) : "memory");
}

static int has_tags(int page)
{
	uintptr_t p = area + page * page_size, end = p + page_size;

	for (; p < end; p += GRANULE) {
		uintptr_t found = p;

		asm volatile(".arch armv8.5-a+memtag\n\tldg %0, [%0]" : "+r"(found) : : "memory");
		if (found >> TAG_SHIFT != tag_of_page(page))
			return 0;
	}

	return 1;
}

static int has_content(int page)
{
	const char *p = pointer(page);
	size_t i;

	for (i = 0; i < page_size; i++)
		if ((unsigned char)p[i] != content[page])
			return 0;

	return 1;
}

static void write_page(int page, unsigned char value)
{
	content[page] = value;
	memset(pointer(page), value, page_size);
}

static void report(const char *path)
{
	long control = prctl(PR_GET_TAGGED_ADDR_CTRL, 0, 0, 0, 0);
	int page, nr_content = 0, nr_tags = 0;
	char new[4096];
	FILE *f;

	for (page = 0; page < NR_PAGES; page++) {
		nr_content += has_content(page);
		nr_tags += has_tags(page);
	}
	snprintf(new, sizeof(new), "%s.new", path);
	f = fopen(new, "w");
	if (!f || fprintf(f, "content %d tags %d of %d checked %d\n", nr_content, nr_tags, NR_PAGES,
			  control > 0 && (control & CHECK_AT_ONCE)) < 0 || fclose(f) || rename(new, path))
		exit(1);
}

static void set_up(void)
{
	int page;

	if (!(getauxval(AT_HWCAP2) & HWCAP2_MTE))
		exit(77);
	page_size = sysconf(_SC_PAGESIZE);
	area = (uintptr_t)mmap(NULL, NR_PAGES * page_size, PROT_READ | PROT_WRITE | PROT_MTE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == (uintptr_t)MAP_FAILED ||
	    prctl(PR_SET_TAGGED_ADDR_CTRL, TAGGED_ADDR_ENABLE | CHECK_AT_ONCE | ALL_TAGS, 0, 0, 0))
		exit(1);
	for (page = 0; page < NR_PAGES; page++) {
		set_tags(page);
		write_page(page, page + 1);
	}
}

int main(int argc, char **argv)
{
	int signal, step = 0;
	sigset_t signals;

	if (argc != 2)
		return 2;
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	set_up();
	report(argv[1]);
	while (!sigwait(&signals, &signal)) {
		if (signal == SIGUSR1) {
			write_page(step % NR_PAGES, 200 + step);
			step++;
		}
		report(argv[1]);
	}

	return 1;
}

#else

int main(void)
{
	return 77;
}

#endif
