#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr_options.h"
#include "fault-injection.h"
#include "log.h"
#include "page.h"
#include "servicefd.h"
#include "shmem-compare.h"
#include "shmem-map.h"
#include "shmem-parent.h"
#include "shmem-workers.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "shmem: "

#define MAX_WORKERS 8

/* Bytes: less than that is compared before another process has woken up. */
#define MIN_SIZE (16UL << 20)

/* Bytes, a power of two: they take turns in each object, since some of its parts may be holes. */
#define SHARE_SIZE (2UL << 20)

/* What is known of a page. */
enum { NOTHING, SAME, DIFFERENT, HASHED };

/* Our ends of the sockets; -1: it is gone. A byte is a step, there and back. */
static int sockets[MAX_WORKERS];
static size_t nr_workers;
static bool are_going, have_ended;

static struct shmem_mapping *objects;
static size_t nr_objects;

struct worker {
	size_t nr;
	int socket;
	struct shmem_parent **parents; /* one for each object, or NULL */
};

typedef void (*share_fn)(struct worker *w, size_t i, unsigned long pos, unsigned long len);

/* The first offset from pos on that is this worker's. */
static unsigned long own_offset(const struct worker *w, unsigned long pos)
{
	unsigned long share = pos / SHARE_SIZE, skip = (w->nr + nr_workers - share % nr_workers) % nr_workers;

	return skip ? (share + skip) * SHARE_SIZE : pos;
}

/* For the worker's parts of object i that are no holes. To find the end of data takes longer the more there is of it. */
static int for_each_part(struct worker *w, size_t i, share_fn fn)
{
	const struct shmem_mapping *m = &objects[i];
	unsigned long pos = 0, start = 0, end = 0;

	while ((pos = own_offset(w, pos)) < m->len) {
		unsigned long share_end = round_down(pos, SHARE_SIZE) + SHARE_SIZE, len;

		if (pos >= end && shmem_next_data(m->fd, m->len, pos, &start, &end))
			return -1;
		if (start >= share_end) {
			pos = start;
			continue;
		}

		pos = max(pos, start);
		len = min(min(share_end, end) - pos, SHMEM_PART_SIZE);
		fn(w, i, pos, len);
		pos += len;
	}

	return 0;
}

static void for_each_object(struct worker *w, share_fn fn)
{
	size_t i;

	for (i = 0; i < nr_objects; i++)
		if (objects[i].states && for_each_part(w, i, fn))
			_exit(1);
}

static void fill(struct worker *w, size_t i, unsigned long pos, unsigned long len)
{
	shmem_fill_page_tables(objects[i].addr + pos, len);
}

static void compare(struct worker *w, size_t i, unsigned long pos, unsigned long len)
{
	struct shmem_mapping *m = &objects[i];
	size_t first = pos / PAGE_SIZE, nr = len / PAGE_SIZE, n;
	bool same[SHMEM_PART_SIZE >> 12]; /* of pages of any size */

	if (m->hashes)
		shmem_hash_pages(m->addr + pos, nr, m->hashes + first);
	else if (w->parents[i])
		shmem_parent_compare(w->parents[i], pos, len, m->addr + pos, same);
	else
		return;

	for (n = 0; n < nr; n++)
		m->states[first + n] = m->hashes ? HASHED : same[n] ? SAME : DIFFERENT;
}

static void open_parents(struct worker *w)
{
	size_t i;

	w->parents = xzalloc(nr_objects * sizeof(*w->parents));
	if (!w->parents)
		_exit(1);

	for (i = 0; i < nr_objects; i++)
		if (objects[i].states && !objects[i].hashes)
			w->parents[i] = shmem_parent_open(objects[i].shmid);
}

static bool step(int socket)
{
	char byte = 0;

	return write(socket, &byte, 1) == 1 && read(socket, &byte, 1) == 1;
}

static bool is_needed(const struct worker *w, int fd)
{
	size_t i;

	for (i = 0; i < nr_objects; i++)
		if (fd == objects[i].fd)
			return true;
	return fd <= STDERR_FILENO || fd == w->socket || is_any_service_fd(fd);
}

/* Others are the dump's. Its locks and connections must end when it ends or closes them, not when the last worker does. */
static void close_others(const struct worker *w)
{
	DIR *dir = opendir_proc(PROC_SELF, "fd");
	struct dirent *de;
	int fd;

	if (!dir)
		_exit(1);

	while ((de = readdir(dir))) {
		fd = atoi(de->d_name);
		if (!dir_dots(de) && fd != dirfd(dir) && !is_needed(w, fd))
			close(fd);
	}

	closedir(dir);
	close_pid_proc();
}

/* It stays until the dump ends, which is waiting for other processes meanwhile, and would not know this one. */
static void run_worker(struct worker *w)
{
	close_others(w);
	for_each_object(w, fill);
	open_parents(w);
	if (!step(w->socket) || (fault_injected(FI_LOSE_SHMEM_WORKERS) && w->nr % 2))
		_exit(0);

	for_each_object(w, compare);
	step(w->socket);
	_exit(0);
}

static void close_sockets(int (*pairs)[2], int end)
{
	size_t i;

	for (i = 0; i < nr_workers; i++)
		close_safe(&pairs[i][end]);
}

/* In a process that ends at once: the workers are no children of the dump, which waits for any child at times. */
static void fork_workers(int (*pairs)[2])
{
	struct worker w = {};

	close_sockets(pairs, 0);
	for (w.nr = 0; w.nr < nr_workers; w.nr++) {
		if (fork())
			continue;
		w.socket = pairs[w.nr][1];
		run_worker(&w);
	}
	_exit(0);
}

/* Waits for a byte of each; who is gone says nothing. */
static void wait_for_all(void)
{
	size_t i;
	char byte;

	for (i = 0; i < nr_workers; i++)
		if (sockets[i] >= 0 && read(sockets[i], &byte, 1) != 1)
			close_safe(&sockets[i]);
}

static bool start_workers(void)
{
	int pairs[MAX_WORKERS][2], status;
	size_t i;
	pid_t pid;

	for (i = 0; i < nr_workers; i++) {
		/* It is closed in those that are forked before it. */
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pairs[i])) {
			pr_pwarn("Can't make a socket");
			nr_workers = i;
		}
	}

	pid = fork();
	if (!pid)
		fork_workers(pairs);

	close_sockets(pairs, 1);
	for (i = 0; i < nr_workers; i++)
		sockets[i] = pairs[i][0];
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		pr_pwarn("Can't start processes that compare shared memory");
		close_sockets(pairs, 0);
		nr_workers = 0;
	}

	wait_for_all();
	return nr_workers;
}

static void *shared_memory(unsigned long size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Returns bytes of objects for whose pages there is room. */
static unsigned long make_room(void)
{
	unsigned long nr_pages, sum = 0;
	size_t i;

	for (i = 0; i < nr_objects; i++) {
		struct shmem_mapping *m = &objects[i];

		nr_pages = m->len / PAGE_SIZE;
		if (m->fd < 0)
			continue;
		if (opts.shmem_compare == SHMEM_COMPARE_HASH) {
			m->hashes = shared_memory(nr_pages * sizeof(*m->hashes));
			if (!m->hashes)
				continue;
		}
		m->states = shared_memory(nr_pages * sizeof(*m->states));
		if (m->states)
			sum += m->data;
	}

	return sum;
}

static size_t nr_processors(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : CPU_COUNT(&cpus);
}

bool shmem_workers_start(struct shmem_mapping *mappings, size_t nr)
{
	size_t n = min_t(size_t, nr_processors(), MAX_WORKERS);

	objects = mappings;
	nr_objects = nr;
	if (n < 2 || make_room() < MIN_SIZE)
		return false;

	nr_workers = n;
	if (!start_workers())
		return false;

	pr_info("%zu processes compare shared memory\n", nr_workers);
	return true;
}

void shmem_workers_go(void)
{
	char byte = 0;
	size_t i;

	are_going = true;
	for (i = 0; i < nr_workers; i++)
		if (sockets[i] >= 0 && send(sockets[i], &byte, 1, MSG_NOSIGNAL) != 1)
			close_safe(&sockets[i]);
}

/* They have looked at all of [first, first + nr). */
static bool is_known(const struct shmem_mapping *m, size_t first, size_t nr)
{
	size_t i;

	if (!m || !m->states || !are_going)
		return false;

	if (!have_ended)
		wait_for_all();
	have_ended = true;
	for (i = first; i < first + nr; i++)
		if (m->states[i] == NOTHING)
			return false;
	return true;
}

bool shmem_workers_compared(const struct shmem_mapping *m, unsigned long pos, unsigned long len, bool *same)
{
	size_t first = pos / PAGE_SIZE, nr = len / PAGE_SIZE, i;

	if (!is_known(m, first, nr) || m->hashes)
		return false;

	for (i = 0; i < nr; i++)
		same[i] = m->states[first + i] == SAME;
	return true;
}

const struct shmem_hash *shmem_workers_hashes(const struct shmem_mapping *m, unsigned long pos, unsigned long len)
{
	size_t first = pos / PAGE_SIZE;

	return is_known(m, first, len / PAGE_SIZE) && m->hashes ? m->hashes + first : NULL;
}
