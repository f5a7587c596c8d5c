// SPDX-License-Identifier: GPL-2.0
/*
 * shared-subject MIB PERCENT: shared anonymous memory, all of it written. On each SIGUSR1 PERCENT of its pages, picked at
 * random, are written. The number of rounds is at CONTROL_ADDRESS (subject.py).
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CONTROL_ADDRESS ((void *)0x200000000)

static size_t page_size; /* bytes */
static uint64_t state = 88172645463325252ULL;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void fill(char *page)
{
	uint64_t *word = (uint64_t *)page;
	size_t i;

	for (i = 0; i < page_size / sizeof(*word); i++)
		word[i] = rnd();
}

static void change(char *memory, size_t pages, size_t nr)
{
	char *changed = calloc(pages, 1);

	while (nr) {
		size_t page = rnd() % pages;

		if (changed[page])
			continue;
		changed[page] = 1;
		fill(memory + page * page_size);
		nr--;
	}
	free(changed);
}

int main(int argc, char **argv)
{
	size_t pages, i;
	uint64_t *round;
	sigset_t set;
	char *memory;

	if (argc != 3)
		return 2;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	page_size = sysconf(_SC_PAGESIZE);
	pages = (strtoul(argv[1], NULL, 10) << 20) / page_size;
	memory = mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	round = mmap(CONTROL_ADDRESS, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (memory == MAP_FAILED || round == MAP_FAILED)
		return 1;
	for (i = 0; i < pages; i++)
		fill(memory + i * page_size);
	for (;;) {
		++*round;
		while (sigwaitinfo(&set, NULL) != SIGUSR1)
			;
		change(memory, pages, pages * strtod(argv[2], NULL) / 100);
	}
}
