// SPDX-License-Identifier: GPL-2.0
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actor.h"
#include "kids.h"

#define VM_STACK_BYTES	(128 << 10)
#define KID_PAGES	64
#define KID_MAX_US	20000
#define KID_OPS		32

#define STATUS_OF_FAIL 1

void child_must_be_fine(pid_t pid, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_OF_FAIL)
		_exit(STATUS_OF_FAIL);
	if (status)
		fail("a child, pid %d: status %#x", pid, status);
}

static void wait_for(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid);
	child_must_be_fine(pid, status);
}

void kids_reap(struct actor *actor)
{
	int i, status;

	for (i = 0; i < NR_KIDS; i++) {
		if (!actor->kids[i] || waitpid(actor->kids[i], &status, WNOHANG) == 0)
			continue;
		child_must_be_fine(actor->kids[i], status);
		actor->kids[i] = 0;
	}
}

void kids_wait(struct actor *actor)
{
	int i;

	for (i = 0; i < NR_KIDS; i++) {
		if (actor->kids[i])
			wait_for(actor->kids[i]);
		actor->kids[i] = 0;
	}
}

/* In the child, which has a copy of the memory; the file it shares with the parent, which goes on changing it. */
__attribute__((noreturn)) static void kid(struct actor *actor)
{
	struct author *author = &actor->author;

	if (rng_once_in(&author->rng, 3))
		_exit(0);
	author->serial = next_serial();
	author->rng.state ^= author->serial;
	if (rng_once_in(&author->rng, 2)) {
		arena_check(&actor->anon);
		blocks_check(&actor->blocks);
	}
	arena_write_some(&actor->anon, author, KID_PAGES);
	blocks_write_some(&actor->blocks, author, KID_PAGES);
	pause_us(rng_below(&author->rng, KID_MAX_US));
	arena_check(&actor->anon);
	blocks_check(&actor->blocks);
	_exit(0);
}

static void fork_kid(struct actor *actor)
{
	int i;

	for (i = 0; i < NR_KIDS && actor->kids[i];)
		i++;
	if (i == NR_KIDS)
		return;
	actor->kids[i] = fork();
	must(actor->kids[i] >= 0);
	if (!actor->kids[i])
		kid(actor);
}

static int work_for_parent(void *arg)
{
	struct actor *actor = arg;
	int i;

	for (i = 0; i < KID_OPS; i++) {
		arena_operate(&actor->anon, &actor->author);
		blocks_operate(&actor->blocks, &actor->author);
	}
	_exit(0);
}

/* Another task works on the same memory (CLONE_VM), while the thread waits for it. */
static void share_vm(struct actor *actor)
{
	static char stacks[NR_ACTORS][VM_STACK_BYTES] __attribute__((aligned(64)));
	char *stack = stacks[actor - actors];
	pid_t pid = clone(work_for_parent, stack + VM_STACK_BYTES, CLONE_VM | SIGCHLD, actor);

	must(pid > 0);
	wait_for(pid);
}

/* What posix_spawn(3) does: a child in our memory, and then another program. */
static void spawn(void)
{
	pid_t pid = vfork();

	if (!pid) {
		execl("/bin/true", "true", NULL);
		_exit(126);
	}
	must(pid > 0);
	wait_for(pid);
}

void kids_operate(struct actor *actor)
{
	size_t what = rng_below(&actor->author.rng, 8);

	if (what == 0)
		spawn();
	else if (what < 3)
		share_vm(actor);
	else
		fork_kid(actor);
}
