// SPDX-License-Identifier: GPL-2.0
/*
 * heap DIRECTORY KIB [THREADS [CHILDREN]]: a program with KIB of heap. Built with
 * each sanitizer, and without one.
 *
 * Threads sleep. Children share the heap with their parent. Each process writes
 * only its own blocks: one in eight, with children one in 64. What the parent
 * has changed, its children have shared with each other, and are restored with
 * copies of their own.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol.h"

#define BLOCK_SIZE	      8192
#define OWN_EVERY	      8
#define OWN_EVERY_IF_CHILDREN 64
#define MAX_THREADS	      16

static struct block {
	unsigned char *data;
	unsigned char tag;
} *blocks;
static int nr_blocks, own_every = OWN_EVERY, self;

/* ThreadSanitizer notes each read in its shadow: to look at a block would change more memory than to write it. */
#define UNSEEN __attribute__((no_sanitize("thread")))

UNSEEN static unsigned char byte_of(const struct block *b, int i)
{
	return b->tag + i + (i >> 8);
}

static void fill(struct block *b, unsigned char tag)
{
	int i;

	b->tag = tag;
	for (i = 0; i < BLOCK_SIZE; i++)
		b->data[i] = byte_of(b, i);
}

UNSEEN static int is_intact(const struct block *b)
{
	int i;

	for (i = 0; i < BLOCK_SIZE; i++)
		if (b->data[i] != byte_of(b, i))
			return 0;
	return 1;
}

/* Half of its own blocks get new content, some a new place. */
static const char *step(int n)
{
	static char problem[128];
	int i, own = 0;

	for (i = 0; i < nr_blocks; i++) {
		if (!is_intact(&blocks[i])) {
			snprintf(problem, sizeof(problem), "step %d: block %d of process %d", n, i, self);
			return problem;
		}
	}
	for (i = self; i < nr_blocks; i += own_every) {
		if (own++ % 2 != n % 2)
			continue;
		if (own % 16 == 1) {
			free(blocks[i].data);
			blocks[i].data = malloc(BLOCK_SIZE);
			if (!blocks[i].data)
				return "no memory";
		}
		fill(&blocks[i], n + i);
	}
	return NULL;
}

static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static int allocate(int kib)
{
	int i;

	nr_blocks = kib / (BLOCK_SIZE / 1024);
	blocks = calloc(nr_blocks, sizeof(*blocks));
	if (!blocks)
		return 1;
	for (i = 0; i < nr_blocks; i++) {
		blocks[i].data = malloc(BLOCK_SIZE);
		if (!blocks[i].data)
			return 1;
		fill(&blocks[i], i);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int i, threads = argc > 3 ? atoi(argv[3]) : 0, children = argc > 4 ? atoi(argv[4]) : 0;
	pthread_t thread;

	if (argc < 3 || children >= OWN_EVERY_IF_CHILDREN || threads > MAX_THREADS || allocate(atoi(argv[2])))
		return 1;
	if (children)
		own_every = OWN_EVERY_IF_CHILDREN;
	for (i = 0; i < children && !self; i++)
		if (!fork())
			self = i + 1;
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread, NULL, sleeper, NULL))
			return 1;
	follow(argv[1], step);
}
