// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "actor.h"
#include "kids.h"
#include "without.h"

#define STACK_BYTES	(512 << 10)
#define PARK_POLL_US	500
#define OPS_IN_A_ROW	16

struct actor actors[NR_ACTORS];
bool halt;

void pause_us(unsigned int us)
{
	const struct timespec t = { .tv_nsec = us * 1000L };

	nanosleep(&t, NULL);
}

static bool flag(const bool *f)
{
	return __atomic_load_n(f, __ATOMIC_ACQUIRE);
}

static void set_flag(bool *f, bool value)
{
	__atomic_store_n(f, value, __ATOMIC_RELEASE);
}

static void operate_on_anon(struct actor *actor)
{
	arena_operate(&actor->anon, &actor->author);
}

static void operate_on_file(struct actor *actor)
{
	arena_operate(&actor->file, &actor->author);
}

static void operate_on_blocks(struct actor *actor)
{
	blocks_operate(&actor->blocks, &actor->author);
}

static void operate_downward(struct actor *actor)
{
	downward_operate(&actor->downward, &actor->author);
}

static void operate_on_heap(struct actor *actor)
{
	if (actor->heap.r)
		heap_operate(&actor->heap, &actor->author);
}

static void operate_on_stack(struct actor *actor)
{
	stack_dive(&actor->author);
}

static struct {
	const char *name;
	unsigned int weight; /* how often, compared with the others */
	void (*fn)(struct actor *actor);
} operations[] = {
	{ "anon", 420, operate_on_anon },   { "file", 300, operate_on_file },	 { "blocks", 300, operate_on_blocks },
	{ "downward", 90, operate_downward }, { "heap", 45, operate_on_heap }, { "stack", 40, operate_on_stack },
	{ "kids", 2, kids_operate },
};

#define NR_OPERATIONS (sizeof(operations) / sizeof(*operations))

static void leave_out_operations(void)
{
	size_t i;

	for (i = 0; i < NR_OPERATIONS; i++)
		if (without(operations[i].name))
			operations[i].weight = 0;
}

static void operate(struct actor *actor)
{
	size_t i, what, sum = 0;

	for (i = 0; i < NR_OPERATIONS; i++)
		sum += operations[i].weight;
	what = rng_below(&actor->author.rng, sum);
	for (i = 0; what >= operations[i].weight; i++)
		what -= operations[i].weight;
	operations[i].fn(actor);
}

static void park(struct actor *actor)
{
	kids_wait(actor);
	/* The area of a thread is known to the thread alone. */
	mark_rseq_volatile();
	set_flag(&actor->parked, true);
	while (flag(&halt))
		pause_us(PARK_POLL_US);
	set_flag(&actor->parked, false);
}

static void *run(void *arg)
{
	struct actor *actor = arg;
	int i;

	while (!flag(&actor->stop)) {
		if (flag(&halt))
			park(actor);
		for (i = 0; i < OPS_IN_A_ROW; i++)
			operate(actor);
		kids_reap(actor);
	}
	kids_wait(actor);
	return NULL;
}

void actor_start(struct actor *actor)
{
	pthread_attr_t attr;

	actor->stop = false;
	actor->parked = false;
	pthread_attr_init(&attr);
	must(pthread_attr_setstacksize(&attr, STACK_BYTES) == 0);
	must(pthread_create(&actor->thread, &attr, run, actor) == 0);
	pthread_attr_destroy(&attr);
	actor->running = true;
}

void actor_end(struct actor *actor)
{
	set_flag(&actor->stop, true);
	must(pthread_join(actor->thread, NULL) == 0);
	actor->running = false;
}

void actors_start(void)
{
	int i;

	for (i = 0; i < NR_ACTORS; i++)
		actor_start(&actors[i]);
}

void actors_end(void)
{
	int i;

	set_flag(&halt, false);
	for (i = 0; i < NR_ACTORS; i++)
		if (actors[i].running)
			actor_end(&actors[i]);
}

static void wait_for_parked(bool parked)
{
	int i;

	for (i = 0; i < NR_ACTORS; i++)
		while (actors[i].running && flag(&actors[i].parked) != parked)
			pause_us(PARK_POLL_US);
}

void actors_park(void)
{
	set_flag(&halt, true);
	wait_for_parked(true);
}

void actors_go_on(void)
{
	set_flag(&halt, false);
	wait_for_parked(false);
}

static void new_author(struct actor *actor, uint64_t seed)
{
	unsigned int thread = actor - actors;

	actor->author = (struct author){ .serial = next_serial(), .thread = thread };
	actor->author.rng.state = seed ^ (uint64_t)actor->author.serial << 8 ^ thread;
	rng_next(&actor->author.rng);
}

static void file_name(char path[32], unsigned int process, const struct actor *actor)
{
	snprintf(path, 32, "data.%u.%u", process, (unsigned int)(actor - actors));
}

void actors_init(unsigned int process, uint64_t seed)
{
	struct actor *actor;
	char path[32];

	leave_out_operations();
	for (actor = actors; actor < actors + NR_ACTORS; actor++) {
		new_author(actor, seed);
		file_name(path, process, actor);
		arena_init(&actor->anon, &actor->author, "anonymous", NULL);
		arena_init(&actor->file, &actor->author, "file", path);
		blocks_init(&actor->blocks);
		downward_init(&actor->downward);
	}
	heap_init(&actors[0].heap);
}

void actors_forked(unsigned int process, uint64_t seed)
{
	struct actor *actor;
	char path[32];

	halt = false;
	for (actor = actors; actor < actors + NR_ACTORS; actor++) {
		actor->running = false;
		memset(actor->kids, 0, sizeof(actor->kids));
		new_author(actor, seed);
		file_name(path, process, actor);
		arena_new_file(&actor->file, &actor->author, path);
	}
}
