// SPDX-License-Identifier: GPL-2.0
/*
 * usage: subject MIB LOG
 *
 * Writes and checks MIB of memory, some pages at a time, and appends a line to
 * LOG for each round: its number, where it runs (what /run/host says), and how
 * many pages were not as they had to be. SIGUSR1 ends it.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WRITES 20
#define CHECKS 1000
#define PAUSE_US 5000

static volatile sig_atomic_t ended;

static void end(int sig)
{
	(void)sig;
	ended = 1;
}

/* Each page begins with its number and how often it was written; what follows depends on both. */
struct page {
	uint64_t nr, generation, words[];
};

static size_t page_size; /* bytes */
static char *pages;

static struct page *page_at(uint64_t nr)
{
	return (struct page *)(pages + nr * page_size);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 31)) * 0x7fb5d329728ea185;
	return x ^ (x >> 27);
}

static void fill(struct page *page, uint64_t nr, uint64_t generation)
{
	size_t i;

	page->nr = nr;
	page->generation = generation;
	for (i = 0; i < (page_size - sizeof(*page)) / sizeof(*page->words); i++)
		page->words[i] = mix(nr << 32 ^ generation << 12 ^ i);
}

static int is_wrong(uint64_t nr, uint64_t generation)
{
	static struct page *right;

	if (!right)
		right = malloc(page_size);
	if (!right)
		err(1, "malloc");
	fill(right, nr, generation);
	return memcmp(page_at(nr), right, page_size) != 0;
}

static void read_host(char host[32])
{
	ssize_t len = -1;
	int fd = open("/run/host", O_RDONLY);

	if (fd >= 0) {
		len = read(fd, host, 31);
		close(fd);
	}
	host[len > 0 ? len : 0] = '\0';
	host[strcspn(host, "\n")] = '\0';
}

int main(int argc, char **argv)
{
	uint64_t round, nr, i, *generations;
	char host[32];
	int log;

	if (argc != 3)
		errx(2, "usage: subject MIB LOG");

	page_size = sysconf(_SC_PAGESIZE);
	nr = (strtoull(argv[1], NULL, 10) << 20) / page_size;
	log = open(argv[2], O_WRONLY | O_CREAT | O_APPEND, 0600);
	pages = mmap(NULL, nr * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	generations = calloc(nr, sizeof(*generations));
	if (log < 0 || pages == MAP_FAILED || !generations)
		err(1, "%s", argv[2]);

	signal(SIGUSR1, end);
	for (i = 0; i < nr; i++)
		fill(page_at(i), i, 0);

	for (round = 1; !ended; round++) {
		unsigned int wrong = 0;

		for (i = 0; i < WRITES; i++) {
			uint64_t which = random() % nr;

			fill(page_at(which), which, ++generations[which]);
		}
		for (i = 0; i < CHECKS; i++) {
			uint64_t which = random() % nr;

			wrong += is_wrong(which, generations[which]);
		}
		read_host(host);
		dprintf(log, "%llu %s %u\n", (unsigned long long)round, host, wrong);
		usleep(PAUSE_US);
	}

	for (i = 0; i < nr; i++)
		if (is_wrong(i, generations[i]))
			return 1;
	dprintf(log, "all %llu pages are right\n", (unsigned long long)nr);
	return 0;
}
