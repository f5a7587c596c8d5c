// SPDX-License-Identifier: GPL-2.0
/*
 * Built once for each sanitizer: lsan00, msan00, tsan00, ubsan00 and the
 * *-clang ones are links to this file, see Makefile. The sanitizers' runtimes
 * keep a shadow of the program's memory in mappings of 20 to 130 TiB.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zdtmtst.h"

const char *test_doc = "A program of a sanitizer, with threads and a child: its bugs are reported after the restore";
const char *test_author = "criu-uffd-wp maintainers";

#define NR_THREADS 2
#define NR_BLOCKS  128
#define NR_MAPS	   16
#define MAX_BLOCK  1024
#define MAX_PAGES  16
#define TURN_USEC  1000

/* What a task ends with that was found to have a bug. */
#define REPORT_STATUS 77
#define OPTIONS	      "exitcode=77:symbolize=0:abort_on_error=0"

/* These know nothing of mremap(), and then report what is no bug. */
#if defined(ZDTM_MSAN) || defined(ZDTM_TSAN)
#define CAN_MREMAP 0
#else
#define CAN_MREMAP 1
#endif

#define noinline __attribute__((noinline))

struct block {
	unsigned char *data;
	size_t size;
	unsigned char tag;
};

/* What a thread, or the child, allocates, changes and frees. */
struct worker {
	struct block blocks[NR_BLOCKS], maps[NR_MAPS];
	unsigned int seed;
	int failed;
};

static struct worker workers[NR_THREADS], child_worker, inherited;
static int stop;

static unsigned char byte_of(const struct block *b, size_t i)
{
	return b->tag + i + (i >> 8);
}

static void fill(struct block *b, unsigned char tag)
{
	size_t i;

	b->tag = tag;
	for (i = 0; i < b->size; i++)
		b->data[i] = byte_of(b, i);
}

static int check(const struct block *b)
{
	size_t i;

	for (i = 0; i < b->size; i++)
		if (b->data[i] != byte_of(b, i))
			return fail("byte %zu of %zu at %p is %#x", i, b->size, b->data, b->data[i]);
	return 0;
}

static int check_all(const struct worker *w)
{
	int i, failed = 0;

	for (i = 0; i < NR_BLOCKS; i++)
		failed |= check(&w->blocks[i]);
	for (i = 0; i < NR_MAPS; i++)
		failed |= check(&w->maps[i]);
	return failed;
}

static int change_block(struct worker *w)
{
	struct block *b = &w->blocks[rand_r(&w->seed) % NR_BLOCKS];
	size_t size = 1 + rand_r(&w->seed) % MAX_BLOCK;
	unsigned char *data;

	if (check(b))
		return 1;
	if (rand_r(&w->seed) % 2) {
		free(b->data);
		data = malloc(size);
	} else {
		data = realloc(b->data, size);
	}
	if (!data)
		return pr_perror("No memory");
	b->data = data;
	b->size = size;
	fill(b, rand_r(&w->seed));
	return 0;
}

static int change_map(struct worker *w)
{
	struct block *b = &w->maps[rand_r(&w->seed) % NR_MAPS];
	size_t size = (1 + rand_r(&w->seed) % MAX_PAGES) * PAGE_SIZE;
	void *data;

	if (check(b))
		return 1;
	if (b->data && CAN_MREMAP && rand_r(&w->seed) % 2) {
		data = mremap(b->data, b->size, size, MREMAP_MAYMOVE);
	} else {
		if (b->data && munmap(b->data, b->size))
			return pr_perror("munmap");
		data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	if (data == MAP_FAILED)
		return pr_perror("mmap or mremap");
	b->data = data;
	b->size = size;
	fill(b, rand_r(&w->seed));
	return 0;
}

static noinline int use_stack(struct worker *w, int depth)
{
	unsigned char buf[256];
	struct block b = { buf, sizeof(buf) };

	fill(&b, rand_r(&w->seed));
	if (depth && use_stack(w, depth - 1))
		return 1;
	return check(&b);
}

static int turn(struct worker *w)
{
	int ret = change_block(w) || change_map(w) || use_stack(w, 8);

	usleep(TURN_USEC);
	return ret;
}

static int set_up(struct worker *w, unsigned int seed)
{
	int i;

	w->seed = seed;
	for (i = 0; i < 4 * NR_BLOCKS; i++)
		if (change_block(w) || change_map(w))
			return 1;
	return 0;
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;

	while (!w->failed && !__atomic_load_n(&stop, __ATOMIC_RELAXED))
		w->failed = turn(w);
	return NULL;
}

/* The bugs. "Old" ones depend on what the shadow said before the dump. */

#ifndef ZDTM_TSAN
/* Tries a bug in a process of its own and reads the report. */
static int reports(void (*bug)(void), const char *what)
{
	static char text[1 << 16];
	size_t size = 0;
	int p[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe(p))
		return pr_perror("pipe");
	pid = fork();
	if (pid < 0)
		return pr_perror("fork");
	if (!pid) {
		close(p[0]);
		dup2(p[1], STDERR_FILENO);
		bug();
		_exit(0);
	}
	close(p[1]);
	do {
		n = read(p[0], text + size, sizeof(text) - 1 - size);
		size += n > 0 ? n : 0;
	} while (n > 0);
	text[size] = 0;
	close(p[0]);
	if (waitpid(pid, &status, 0) != pid)
		return pr_perror("waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != REPORT_STATUS || !strstr(text, what))
		return fail("No report of %s, but status %#x: %.300s", what, status, text);
	return 0;
}
#endif

#if defined(ZDTM_ASAN)

#include <sanitizer/asan_interface.h>

#define POISONED 64

const char *__asan_default_options(void)
{
	return OPTIONS ":detect_leaks=0";
}

static char *old_block;

static noinline void use_after_free(void)
{
	/* Volatile: the compiler knows such a bug when it sees it. */
	volatile char *volatile p = malloc(100);

	free((void *)p);
	p[10] = 1;
}

static noinline void overflow_old_block(void)
{
	volatile char *p = old_block;

	p[100] = 1;
}

static noinline void use_old_poison(void)
{
	volatile char *p = old_block;

	p[POISONED] = 1;
}

static int plant(void)
{
	old_block = calloc(1, 100);
	__asan_poison_memory_region(old_block + POISONED, 8);
	return !old_block;
}

static int reports_old(void)
{
	return reports(overflow_old_block, "heap-buffer-overflow") || reports(use_old_poison, "use-after-poison");
}

static int reports_new(void)
{
	return reports(use_after_free, "heap-use-after-free");
}

#elif defined(ZDTM_MSAN)

const char *__msan_default_options(void)
{
	return OPTIONS;
}

static volatile char *old_block;
static volatile int sink;

static noinline void branch_on(volatile char *p)
{
	if (p[10])
		sink = 1;
}

static noinline void use_old_block(void)
{
	branch_on(old_block);
}

static noinline void use_new_block(void)
{
	branch_on(malloc(100));
}

static int plant(void)
{
	old_block = malloc(100);
	return !old_block;
}

static int reports_old(void)
{
	return reports(use_old_block, "use-of-uninitialized-value");
}

static int reports_new(void)
{
	return reports(use_new_block, "use-of-uninitialized-value");
}

#elif defined(ZDTM_TSAN)

/*
 * A child of a task with threads is not looked at, so the bugs are in the task
 * itself. Only in flavor h: in a pid namespace init, the same program, sleeps in
 * a system call of which ThreadSanitizer does not know that it can be
 * interrupted, so that it never sees SIGTERM.
 */
const char *__tsan_default_options(void)
{
	return "exitcode=0:halt_on_error=0:suppress_equal_stacks=0:symbolize=0:atexit_sleep_ms=0";
}

/* One for each call of reports_old() and reports_new(): an address is reported once. */
static volatile long old_counters[2], new_counters[2];
static int planted, nr_reports, nr_bugs;
static pthread_t racer;

void __tsan_on_report(void *report)
{
	__atomic_add_fetch(&nr_reports, 1, __ATOMIC_RELAXED);
}

/* Lives on, but does nothing by which the main thread could know of its writes. */
static void *racer_main(void *arg)
{
	old_counters[0]++;
	old_counters[1]++;
	__atomic_store_n(&planted, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		usleep(TURN_USEC);
	return NULL;
}

static void *count(void *counter)
{
	int i;

	for (i = 0; i < 10; i++) {
		++*(volatile long *)counter;
		usleep(TURN_USEC);
	}
	return NULL;
}

static int plant(void)
{
	if (pthread_create(&racer, NULL, racer_main, NULL))
		return 1;
	while (!__atomic_load_n(&planted, __ATOMIC_RELAXED))
		usleep(TURN_USEC);
	return 0;
}

/* The bugs so far, and no others. */
static int all_reported(const char *what)
{
	int nr = __atomic_load_n(&nr_reports, __ATOMIC_RELAXED);

	return nr == nr_bugs ? 0 : fail("%d reports, not %d: %s", nr, nr_bugs, what);
}

static int reports_old(void)
{
	static int nr;

	if (all_reported("what is no race was reported"))
		return 1;
	nr_bugs++;
	old_counters[nr++]++;
	return all_reported("race with an old write");
}

static int reports_new(void)
{
	static int nr;
	pthread_t t[2];
	int i;

	if (all_reported("what is no race was reported"))
		return 1;
	nr_bugs++;
	for (i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, count, (void *)&new_counters[nr]))
			return pr_perror("pthread_create");
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	nr++;
	return all_reported("race of two threads");
}

#elif defined(ZDTM_LSAN)

#include <sanitizer/lsan_interface.h>

#define NR_LEAKS 64

const char *__lsan_default_options(void)
{
	return OPTIONS ":leak_check_at_exit=0";
}

/* Many, because the stack may still have the last ones. */
static noinline void leak(void)
{
	char *volatile p;
	int i;

	for (i = 0; i < NR_LEAKS; i++) {
		p = malloc(100);
		if (!p)
			_exit(1);
		p[0] = 1;
	}
	p = NULL;
}

static noinline void leak_and_check(void)
{
	leak();
	__lsan_do_leak_check();
}

static int plant(void)
{
	if (__lsan_do_recoverable_leak_check())
		return fail("Leaks without a leak");
	leak();
	return 0;
}

static int reports_old(void)
{
	return reports(__lsan_do_leak_check, "detected memory leaks");
}

static int reports_new(void)
{
	return reports(leak_and_check, "detected memory leaks");
}

#elif defined(ZDTM_UBSAN)

#include <limits.h>

const char *__ubsan_default_options(void)
{
	return OPTIONS;
}

static volatile int number = INT_MAX;

static noinline void overflow(void)
{
	number++;
}

static int plant(void)
{
	return 0;
}

/* There is no shadow that could know. */
static int reports_old(void)
{
	return 0;
}

static int reports_new(void)
{
	return reports(overflow, "signed integer overflow");
}

#else
#error Which sanitizer?
#endif

/* Half of what it has from its parent it changes, the rest stays shared. */
static int child_main(void)
{
	int i;

	if (set_up(&child_worker, 3))
		return 1;
	for (i = 0; i < NR_BLOCKS; i += 2)
		fill(&inherited.blocks[i], i + 1);
	for (i = 0; i < NR_MAPS; i += 2)
		fill(&inherited.maps[i], i + 1);
	while (test_go())
		if (turn(&child_worker) || check(&inherited.blocks[child_worker.seed % NR_BLOCKS]))
			return 1;
	return check_all(&child_worker) || check_all(&inherited) || reports_new();
}

static pid_t start_child(void)
{
	pid_t pid = test_fork();

	if (pid < 0)
		pr_perror("fork");
	if (!pid)
		_exit(child_main());
	return pid;
}

static int end_child(pid_t pid)
{
	int status;

	if (kill(pid, SIGTERM) || waitpid(pid, &status, 0) != pid)
		return pr_perror("The child cannot be ended");
	return status ? fail("The child ended with status %#x", status) : 0;
}

static int start_threads(pthread_t *threads)
{
	int i;

	for (i = 0; i < NR_THREADS; i++) {
		if (set_up(&workers[i], 10 + i))
			return 1;
		errno = pthread_create(&threads[i], NULL, thread_main, &workers[i]);
		if (errno)
			return pr_perror("pthread_create");
	}
	return 0;
}

static int end_threads(pthread_t *threads)
{
	int i, failed = 0;

	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < NR_THREADS; i++) {
		pthread_join(threads[i], NULL);
		failed |= workers[i].failed || check_all(&workers[i]);
	}
#ifdef ZDTM_TSAN
	pthread_join(racer, NULL);
#endif
	return failed;
}

int main(int argc, char **argv)
{
	pthread_t threads[NR_THREADS];
	int failed;
	pid_t pid;

	test_init(argc, argv);

	if (set_up(&inherited, 1))
		return 1;
	pid = start_child();
	/* A sanitizer that reports nothing before the dump need not be tried after it. */
	if (pid < 0 || reports_new() || plant() || reports_old() || start_threads(threads))
		return 1;

	test_daemon();
	/* Not test_waitsig(): a sanitizer may put a signal off until it sees a call that can block. */
	while (test_go())
		usleep(TURN_USEC);

	failed = reports_old();
	failed |= end_threads(threads);
	failed |= check_all(&inherited);
	failed |= reports_new();
	failed |= end_child(pid);
	if (failed)
		return 1;
	pass();
	/* The last line of the output; ThreadSanitizer counts its reports at the exit. */
	dup2(STDIN_FILENO, STDERR_FILENO);
	return 0;
}
