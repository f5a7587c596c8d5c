// SPDX-License-Identifier: GPL-2.0
/*
 * A mapping that grows down and is shared copy-on-write with a child grows in
 * both after the restore, as far as it would have without: the kernel lets it by
 * no more pages than its offset (vm_pgoff), which is that of where restore first
 * put it.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "../subject.h"
#include "../worker.h"

#define NR_PAGES 4
#define NR_MORE	 2048 /* of which the kernel keeps 256 free, stack_guard_gap */
#define GUARD	 256

static char *start;
static struct worker child;

static void grow(int n)
{
	size_t i;

	(void)n;
	for (i = 1; i <= NR_MORE - GUARD; i++)
		*(volatile char *)(start - i * page_size) = 1;
}

/* What the kernel lets such a mapping grow to. */
static void raise_limit(void)
{
	struct rlimit limit;

	must(getrlimit(RLIMIT_STACK, &limit) == 0);
	if (limit.rlim_cur >= 2 * NR_MORE * page_size)
		return;
	limit.rlim_cur = 2 * NR_MORE * page_size;
	must(setrlimit(RLIMIT_STACK, &limit) == 0);
}

void subject_setup(void)
{
	char *below = mmap(NULL, (NR_MORE + NR_PAGES) * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(below != MAP_FAILED);
	raise_limit();
	start = below + NR_MORE * page_size;
	must(munmap(below, (NR_MORE + NR_PAGES) * page_size) == 0);
	must(mmap(start, NR_PAGES * page_size, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN, -1, 0) == start);
	memset(start, 1, NR_PAGES * page_size);
	worker_start(&child, grow);
}

void subject_step(int n)
{
	start[0] = n;
}

void subject_check(int n)
{
	(void)n;
	grow(0);
	worker_call(&child, 0);
}
