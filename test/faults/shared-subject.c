// SPDX-License-Identifier: GPL-2.0
/*
 * A task and three others that share memory with it. A step rewrites a third of the pages. With a file "share" the next
 * command begins with all that tasks do with shared memory, each in a part of it of its own: after a lazy restore most
 * of its pages are missing then. The file names what comes last, since some of these make all pages come. "ballast" is
 * memory that comes before, and keeps the lazy-pages daemon busy meanwhile.
 * All pages are compared with what they have to be after each command, by two of the tasks. Then there are memfds that
 * can be reached in other ways than by a mapping that can wait for pages, and one that can't.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "subject.h"
#include "worker.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define PART	      16 /* pages */
#define NEVER	      15 /* this page of each part is never written by a step */
#define BALLAST_PAGES 8192
#define GROWN_PAGES   64
#define FILE_PAGES    8
#define ELSEWHERE     ((char *)0x200000000000)
#define NEW_WORD      0x4e65772121ULL
#define READ_BYTES    100
#define READ_AT	      496

/* What is done with which part. */
enum {
	READ, STORE, FORK, UNMAP, MOVE, COPY, DONTNEED, REMOVE, READ_INTO, REMOTE, HOLE, THREAD, EXIT, KEEP, PROTECT, NR_PARTS
};

/* How far that is. */
enum { BEFORE, COMMON, FIRST_ENDING };

/* Orders to the others: to compare one part, or all: the last one, plus how far it is */
enum { FILL_HOLE = NR_PARTS, READ_REMOTE, SCAN, ALL };

static char *ballast, *shared, *grown;
static struct worker reader, leaver, scanner;
static int state; /* in the task alone, as the next one: BEFORE, COMMON, or FIRST_ENDING and which one it was */
static bool leaver_is_gone;

static char *page_at(int part, int page)
{
	return shared + ((size_t)part * PART + page) * page_size;
}

/* The step that wrote a page last. */
static int written_in(size_t page)
{
	int step;

	for (step = cur_step; step > 0; step--)
		if (page % 3 == (size_t)step % 3)
			break;
	return step;
}

static uint64_t word_of(size_t page, size_t word)
{
	return (page + 1) * 0x9e3779b97f4a7c15ULL + (uint64_t)written_in(page) * 0x100000001b3ULL + word;
}

static void fill(char *start, size_t page)
{
	uint64_t *words = (void *)(start + page * page_size);
	size_t i;

	for (i = 0; i < page_size / sizeof(*words); i++)
		words[i] = word_of(page, i);
}

static void write_step(char *start, size_t nr_pages)
{
	size_t i;

	for (i = 0; i < nr_pages; i++)
		if (i % PART != NEVER && written_in(i) == cur_step)
			fill(start, i);
}

static bool is_removed(int part, int page, int after);

/* The page of shared memory at this address. */
static void check_page(const char *at, int part, int page, int after)
{
	const uint64_t *words = (const void *)at;
	size_t i, nr = (size_t)part * PART + page;

	for (i = 0; i < page_size / sizeof(*words); i++) {
		uint64_t expected = page == NEVER ? 0 : word_of(nr, i);

		if (is_removed(part, page, after))
			expected = 0;
		if (after && ((part == STORE && page == 3 && i == 7) || (part == FORK && page == 5 && i == 0) ||
			      (part == HOLE && page == NEVER && i == 1)))
			expected = NEW_WORD;
		if (after && part == READ_INTO && page == 1 && i * sizeof(*words) >= READ_AT &&
		    i * sizeof(*words) < READ_AT + READ_BYTES) {
			size_t left = READ_AT + READ_BYTES - i * sizeof(*words);

			memset(&expected, 'r', left < sizeof(expected) ? left : sizeof(expected));
		}
		if (words[i] != expected)
			fail("part %d, page %d, word %zu: %#llx, not %#llx, in %d", part, page, i,
			     (unsigned long long)words[i], (unsigned long long)expected, getpid());
	}
}

static void check_part(int part, int after)
{
	int page;

	for (page = 0; page < PART; page++)
		check_page(page_at(part, page), part, page, after);
}

static void check_memory(const char *start, size_t nr_pages, const char *name)
{
	const uint64_t *words = (const void *)start;
	size_t i, k, nr_words = page_size / sizeof(*words);

	for (i = 0; i < nr_pages; i++)
		for (k = 0; k < nr_words; k++)
			if (words[i * nr_words + k] != (i % PART == NEVER ? 0 : word_of(i, k)))
				fail("%s: page %zu, word %zu: %#llx", name, i, k, (unsigned long long)words[i * nr_words + k]);
}

/* In the others. They have a copy of the task's page size and addresses, and of nothing that it learned later. */
static void obey(int order)
{
	int part;

	if (order >= ALL) {
		for (part = 0; part < NR_PARTS; part++)
			check_part(part, order - ALL);
		check_memory(grown, GROWN_PAGES, "grown");
	} else if (order == SCAN) {
		check_memory(ballast, BALLAST_PAGES, "ballast");
	} else if (order == FILL_HOLE) {
		must(*(uint64_t *)page_at(HOLE, NEVER) == 0);
		((uint64_t *)page_at(HOLE, NEVER))[1] = NEW_WORD;
	} else if (order == READ_REMOTE) {
		static char page[65536] __attribute__((aligned(64)));
		struct iovec to = { .iov_base = page, .iov_len = page_size };
		struct iovec from = { .iov_base = page_at(REMOTE, 4), .iov_len = page_size };

		must(process_vm_readv(getppid(), &to, 1, &from, 1, 0) == (ssize_t)page_size);
		check_page(page, REMOTE, 4, COMMON);
	} else {
		check_part(order, COMMON);
	}
}

static char *map_shared(size_t nr_pages)
{
	char *start = region_place(nr_pages * page_size);

	must(mmap(start, nr_pages * page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		  -1, 0) == start);
	return start;
}

/* Memfds */

static void keep_open(int fd, char *start)
{
	(void)start;
	must(dup(fd) >= 0);
}

/* In a message that nobody reads. */
static void keep_in_queue(int fd, char *start)
{
	char control[CMSG_SPACE(sizeof(fd))] = "";
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int sockets[2];

	(void)start;
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) == 0);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	must(sendmsg(sockets[0], &message, 0) == 1);
}

static void map_privately(int fd, char *start)
{
	(void)start;
	must(mmap(NULL, FILE_PAGES * page_size, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
}

static void map_read_only(int fd, char *start)
{
	char path[64];
	int read_only;

	(void)start;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	must(read_only >= 0);
	must(mmap(NULL, FILE_PAGES * page_size, PROT_READ, MAP_SHARED, read_only, 0) != MAP_FAILED);
	close(read_only);
}

static void lock(int fd, char *start)
{
	(void)fd;
	must(mlock(start, page_size) == 0);
}

static void seal(int fd, char *start)
{
	(void)start;
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0);
}

static void just_close(int fd, char *start)
{
	(void)fd;
	(void)start;
}

static struct {
	const char *name; /* the script looks for these in the log */
	void (*make)(int fd, char *start);
	char *start;
} files[] = {
	{ .name = "open", .make = keep_open },	       { .name = "queued", .make = keep_in_queue },
	{ .name = "private", .make = map_privately },  { .name = "read-only", .make = map_read_only },
	{ .name = "locked", .make = lock },	       { .name = "sealed", .make = seal },
	{ .name = "closed", .make = just_close },
};

#define NR_FILES (sizeof(files) / sizeof(files[0]))

static void make_files(void)
{
	size_t i, len = FILE_PAGES * page_size;

	for (i = 0; i < NR_FILES; i++) {
		int fd = memfd_create(files[i].name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
		char *start = region_place(len);

		must(fd >= 0 && ftruncate(fd, len) == 0);
		must(mmap(start, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) == start);
		files[i].start = start;
		files[i].make(fd, start);
		close(fd);
	}
}

static void shrink(void)
{
	size_t half = GROWN_PAGES / 2 * page_size;

	must(munmap(grown + half, half) == 0);
}

/* By what the others still have mapped. */
static void grow(void)
{
	size_t half = GROWN_PAGES / 2 * page_size;

	must(mremap(grown, half, 2 * half, 0) == grown);
}

static void write_all(void)
{
	size_t i;

	write_step(ballast, BALLAST_PAGES);
	write_step(shared, NR_PARTS * PART);
	write_step(grown, GROWN_PAGES);
	for (i = 0; i < NR_FILES; i++)
		write_step(files[i].start, FILE_PAGES);
}

void subject_setup(void)
{
	ballast = map_shared(BALLAST_PAGES);
	shared = map_shared(NR_PARTS * PART);
	grown = map_shared(GROWN_PAGES);
	make_files();
	write_all();
	worker_start(&reader, obey);
	worker_start(&scanner, obey);
	worker_start(&leaver, obey); /* the last one: others would keep its pipe open */
	shrink();
}

void subject_step(int n)
{
	(void)n;
	grow();
	write_all();
	shrink();
}

static void wait_for_child(pid_t child)
{
	int status;

	must(child > 0);
	must(waitpid(child, &status, 0) == child);
	if (status)
		fail("a child failed: %#x", status);
}

static void fork_and_store(void)
{
	pid_t child = fork();

	if (!child) {
		int page;

		for (page = 0; page < 8; page++)
			check_page(page_at(FORK, page), FORK, page, BEFORE);
		*(uint64_t *)page_at(FORK, 5) = NEW_WORD;
		_exit(0);
	}
	wait_for_child(child);
}

static void fork_and_exec(void)
{
	pid_t child = fork();

	if (!child) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	wait_for_child(child);
}

/* By the kernel, into a page and out of another. */
static void read_and_write(void)
{
	static char page[65536] __attribute__((aligned(64)));
	int fds[2];

	memset(page, 'r', READ_BYTES);
	must(pipe(fds) == 0);
	must(write(fds[1], page, READ_BYTES) == READ_BYTES);
	must(read(fds[0], page_at(READ_INTO, 1) + READ_AT, READ_BYTES) == READ_BYTES);
	must(write(fds[1], page_at(READ_INTO, 2), page_size) == (ssize_t)page_size);
	must(read(fds[0], page, page_size) == (ssize_t)page_size);
	check_page(page, READ_INTO, 2, COMMON);
	close(fds[0]);
	close(fds[1]);
}

/* Where the page is now is where only the mapping says which one it is. */
static void check_pages(const char *start, int part, int nr)
{
	int page;

	for (page = 0; page < nr; page++)
		check_page(start + page * page_size, part, page, COMMON);
}

static void move_pages(void)
{
	must(mremap(page_at(MOVE, 0), 4 * page_size, 4 * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, ELSEWHERE) == ELSEWHERE);
	check_pages(ELSEWHERE, MOVE, 4);
	must(mremap(ELSEWHERE, 4 * page_size, 4 * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, page_at(MOVE, 0)) ==
	     page_at(MOVE, 0));
}

static void protect(void)
{
	must(mprotect(page_at(PROTECT, 2), 2 * page_size, PROT_READ) == 0);
	must(mprotect(page_at(PROTECT, 4), 2 * page_size, PROT_NONE) == 0);
	check_page(page_at(PROTECT, 2), PROTECT, 2, COMMON);
	must(mprotect(page_at(PROTECT, 4), 2 * page_size, PROT_READ | PROT_WRITE) == 0);
}

static void share(void)
{
	/* Faults of its own all the time, and in the end those of the task, too, at the same pages */
	worker_send(&scanner, SCAN);
	worker_call(&reader, READ);

	*((uint64_t *)page_at(STORE, 3) + 7) = NEW_WORD;
	worker_call(&reader, STORE);

	worker_call(&reader, FILL_HOLE);
	check_part(HOLE, COMMON);

	worker_call(&leaver, EXIT);
	worker_end(&leaver);
	leaver_is_gone = true;
	check_part(EXIT, COMMON);

	read_and_write();
	worker_call(&reader, READ_REMOTE);
	protect();

	must(madvise(page_at(DONTNEED, 0), 8 * page_size, MADV_DONTNEED) == 0);
	check_part(DONTNEED, COMMON);

	fork_and_store();
	fork_and_exec();
	must(munmap(page_at(UNMAP, 2), 4 * page_size) == 0);
	worker_call(&reader, UNMAP);
	move_pages();
}

/* What may come last */

static void nothing(void)
{
}

static void remove_some(void)
{
	must(madvise(page_at(REMOVE, 4), 4 * page_size, MADV_REMOVE) == 0);
}

static void *remove_pages(void *arg)
{
	(void)arg;
	must(madvise(page_at(THREAD, 8), 2 * page_size, MADV_REMOVE) == 0);
	return NULL;
}

static void remove_by_thread(void)
{
	pthread_t thread;
	int page;

	must(pthread_create(&thread, NULL, remove_pages, NULL) == 0);
	for (page = 0; page < 8; page++)
		check_page(page_at(THREAD, page), THREAD, page, COMMON);
	must(pthread_join(thread, NULL) == 0);
}

/* Nobody is told of a copy. */
static void copy_mapping(void)
{
	char *copy = ELSEWHERE + 0x100000000;

	must(mremap(page_at(COPY, 0), 0, PART * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, copy) == copy);
	check_pages(copy, COPY, PART);
	must(munmap(copy, PART * page_size) == 0);
}

/* Nor that the mapping is still where it was. */
static void move_and_keep(void)
{
	char *copy = ELSEWHERE + 0x200000000;

	must(mremap(page_at(KEEP, 0), 4 * page_size, 4 * page_size, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
		    copy) == copy);
	check_part(KEEP, COMMON);
	check_pages(copy, KEEP, 4);
	must(munmap(copy, 4 * page_size) == 0);
}

static void grow_again(void)
{
	grow();
	check_memory(grown, GROWN_PAGES, "grown");
	shrink();
}

/* In a child, of which the daemon does not know the pid. */
static void remove_in_child(void)
{
	pid_t child = fork();

	if (!child) {
		check_page(page_at(REMOVE, 3), REMOVE, 3, COMMON);
		remove_some();
		_exit(0);
	}
	wait_for_child(child);
}

/* In a child that has the memory of its parent, which waits in vfork(2). */
static void remove_in_vfork(void)
{
	pid_t child = vfork();

	if (!child)
		_exit(madvise(page_at(REMOVE, 4), 4 * page_size, MADV_REMOVE) != 0);
	wait_for_child(child);
}

static const struct {
	const char *name;
	void (*run)(void);
} endings[] = {
	{ "nothing", nothing },		{ "remove", remove_some },	    { "thread", remove_by_thread },
	{ "copy", copy_mapping },	{ "keep", move_and_keep },	    { "grow", grow_again },
	{ "child", remove_in_child },	{ "vfork", remove_in_vfork },
};

#define NR_ENDINGS (int)(sizeof(endings) / sizeof(endings[0]))

static bool is_removed(int part, int page, int after)
{
	const char *name = after >= FIRST_ENDING ? endings[after - FIRST_ENDING].name : "";

	if (!strcmp(name, "thread"))
		return part == THREAD && (page == 8 || page == 9);
	return (!strcmp(name, "remove") || !strcmp(name, "child") || !strcmp(name, "vfork")) && part == REMOVE && page >= 4 && page < 8;
}

void subject_busy(void)
{
	char name[16] = "";
	int fd = open("share", O_RDONLY | O_CLOEXEC), i;

	if (fd < 0)
		return;
	must(read(fd, name, sizeof(name) - 1) > 0);
	must(close(fd) == 0 && unlink("share") == 0);
	name[strcspn(name, "\n")] = '\0';
	share();
	for (i = 0; i < NR_ENDINGS && strcmp(name, endings[i].name); i++)
		;
	must(i < NR_ENDINGS);
	endings[i].run();
	state = FIRST_ENDING + i;
	worker_wait(&scanner);
}

static void check_all(void)
{
	int part, page;
	size_t i;

	for (part = 0; part < NR_PARTS; part++)
		for (page = 0; page < PART; page++)
			if (!state || part != UNMAP || page < 2 || page >= 6)
				check_page(page_at(part, page), part, page, state);
	check_memory(grown, GROWN_PAGES / 2, "grown");
	check_memory(ballast, BALLAST_PAGES, "ballast");
	for (i = 0; i < NR_FILES; i++)
		check_memory(files[i].start, FILE_PAGES, files[i].name);
	worker_call(&reader, ALL + state);
	if (!leaver_is_gone)
		worker_call(&leaver, ALL + state);
}

void subject_check(int n)
{
	cur_step = n;
	check_all();
}
