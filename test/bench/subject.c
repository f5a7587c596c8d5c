// SPDX-License-Identifier: GPL-2.0
/*
 * What test/bench/frozen stops: private anonymous memory that is filled once,
 * of which every SIGUSR1 writes random pages.
 *
 * usage: subject MIB PERCENT SEED ROUNDFILE [thp]
 *
 * ROUNDFILE holds the number of rounds that are complete; the first is the
 * filling. No descriptor stays open between rounds: dumps must not depend on it.
 */
#include <errno.h>
#include <error.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t random_state;

/* xorshift64: Marsaglia, "Xorshift RNGs", 2003. */
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint64_t number(const char *arg)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(arg, &end, 10);
	if (errno || *end || end == arg)
		error(2, errno, "not a number: %s", arg);
	return n;
}

static uint64_t *map_memory(size_t len, int thp)
{
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		error(1, errno, "mmap");
	if (madvise(memory, len, thp ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) && thp)
		error(1, errno, "MADV_HUGEPAGE");
	return memory;
}

static void write_round(const char *path, unsigned long round)
{
	char tmp[4096];
	FILE *f;

	snprintf(tmp, sizeof(tmp), "%s.new", path);
	f = fopen(tmp, "w");
	if (!f || fprintf(f, "%lu\n", round) < 0 || fclose(f) || rename(tmp, path))
		error(1, errno, "%s", path);
}

/* Distinct pages, so that PERCENT is what really changes: each one is the random one of its own stretch. */
static void dirty(uint64_t *memory, uint64_t nr_pages, size_t page_words, uint64_t percent)
{
	uint64_t nr = nr_pages * percent / 100, i;

	for (i = 0; i < nr; i++) {
		uint64_t first = nr_pages * i / nr, end = nr_pages * (i + 1) / nr;
		uint64_t page = first + next_random() % (end - first);

		memory[page * page_words] += 1;
	}
}

int main(int argc, char **argv)
{
	size_t page = sysconf(_SC_PAGESIZE), words = page / sizeof(uint64_t), len, i;
	unsigned long round = 0;
	uint64_t *memory;
	sigset_t usr1;
	int sig;

	if (argc < 5)
		error(2, 0, "usage: %s MIB PERCENT SEED ROUNDFILE [thp]", argv[0]);

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);

	len = number(argv[1]) << 20;
	random_state = number(argv[3]) * 2 + 1;
	memory = map_memory(len, argc > 5 && !strcmp(argv[5], "thp"));
	for (i = 0; i < len / sizeof(*memory); i++)
		memory[i] = next_random();

	for (;;) {
		write_round(argv[4], ++round);
		while (sigwait(&usr1, &sig))
			;
		dirty(memory, len / page, words, number(argv[2]));
	}
}
