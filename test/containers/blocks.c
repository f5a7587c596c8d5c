// SPDX-License-Identifier: GPL-2.0
/*
 * blocks MEGABYTES SEED
 * blocks userfaultfd
 *
 * The second only tries to open a userfaultfd, and exits with the error number or 0. The first is
 * a program for a container: memory whose content follows from the seed, the page's number and how often it was
 * written. It never stops checking a page and writing it anew. In its working directory it keeps
 *
 *   steps    number of pages written so far, replaced about every 50 ms;
 *   checked  made on SIGUSR1, when all pages were found as they must be: the seed, and the number of steps;
 *   wrong    made when a page is not as it must be: which one. The program ends then.
 *
 * Statically linked: a root file system needs nothing else.
 */
#include <errno.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH	  4  /* pages between two naps */
#define NAP_MS	  10
#define SAY_EVERY 5 /* naps */

static uint64_t seed, *pages;
static size_t page_words; /* in a page of the machine */
static uint32_t *written; /* how often each page was */
static size_t nr_pages;
static uint64_t steps;
static volatile sig_atomic_t check_wanted;

static void want_check(int sig)
{
	(void)sig;
	check_wanted = 1;
}

static void say(const char *name, const char *text, uint64_t a, uint64_t b)
{
	char fresh[32];
	FILE *f;

	snprintf(fresh, sizeof(fresh), "%s.new", name);
	f = fopen(fresh, "w");
	if (!f || fprintf(f, text, (unsigned long long)a, (unsigned long long)b) < 0 || fclose(f) || rename(fresh, name))
		_exit(3);
}

/* splitmix64 */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static uint64_t word_of(size_t page, size_t word)
{
	return mix(seed ^ mix((uint64_t)page << 32 | written[page])) + word;
}

static void write_page(size_t page)
{
	size_t word;

	written[page]++;
	for (word = 0; word < page_words; word++)
		pages[page * page_words + word] = word_of(page, word);
}

static void check_page(size_t page)
{
	size_t word;

	for (word = 0; word < page_words; word++) {
		if (pages[page * page_words + word] == word_of(page, word))
			continue;
		say("wrong", "page %llu after %llu steps\n", page, steps);
		exit(1);
	}
}

static void check_all(void)
{
	size_t page;

	for (page = 0; page < nr_pages; page++)
		check_page(page);
	say("checked", "%llu %llu\n", seed, steps);
}

static void step(void)
{
	size_t page = mix(seed + steps++) % nr_pages;

	check_page(page);
	write_page(page);
}

static void *map(size_t bytes)
{
	void *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		exit(2);
	return area;
}

static int try_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY) < 0 ? errno : 0;
}

int main(int argc, char **argv)
{
	const struct timespec nap = { .tv_nsec = NAP_MS * 1000000 };
	unsigned int naps;
	size_t page_size = sysconf(_SC_PAGESIZE), page;
	int i;

	if (argc == 2 && !strcmp(argv[1], "userfaultfd"))
		return try_userfaultfd();
	if (argc != 3)
		return 2;
	page_words = page_size / sizeof(*pages);
	nr_pages = (strtoul(argv[1], NULL, 10) << 20) / page_size;
	seed = strtoull(argv[2], NULL, 10);
	pages = map(nr_pages * page_size);
	written = map(nr_pages * sizeof(*written));
	signal(SIGUSR1, want_check);

	for (page = 0; page < nr_pages; page++)
		write_page(page);

	for (naps = 0;; naps++) {
		if (naps % SAY_EVERY == 0)
			say("steps", "%llu\n", steps, 0);
		for (i = 0; i < BATCH; i++)
			step();
		if (check_wanted) {
			check_wanted = 0;
			check_all();
		}
		nanosleep(&nap, NULL);
	}
}
