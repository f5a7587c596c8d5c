#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/compiler.h"
#include "linux/userfaultfd.h"

#include "bitops.h"
#include "common/scm.h"
#include "lazy-progress.h"
#include "lazy-shared.h"
#include "log.h"
#include "memfd.h"
#include "page.h"
#include "uffd.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "lazy-shared: "

/* As many pages as are read at once, and as come with one that is waited for */
#define MAX_RUN	  64
#define FAULT_RUN 16

struct lazy_object {
	struct list_head l;
	uint64_t shmid;
	char *addr; /* where we have mapped it; nothing but ioctl() may touch its pages */
	unsigned long nr_pages;
	unsigned long *missing; /* a bit for each page that is still to come */
	unsigned long nr_missing;
	unsigned long next; /* page, from which on to look for more */
	struct page_read pr;
};

struct lazy_map {
	struct list_head l;
	uint64_t start, end;
	uint64_t offset;
	struct lazy_object *object;
};

static LIST_HEAD(objects);
static unsigned long nr_missing; /* of all objects */
static int own_uffd = -1;	 /* of our mappings of them */
static char *run_buf;

/* What UFFDIO_CONTINUE says of a mapping that nobody has touched: errno, 0, or -1 if it can't be tried. */
static int try_continue(int uffd, int flags, int fd)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_continue arg = {};
	int ret = -1;
	void *addr;

	addr = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (addr == MAP_FAILED)
		return -1;

	arg.range.start = reg.range.start = (unsigned long)addr;
	arg.range.len = reg.range.len = PAGE_SIZE;
	if (!ioctl(uffd, UFFDIO_REGISTER, &reg))
		ret = ioctl(uffd, UFFDIO_CONTINUE, &arg) ? errno : 0;

	munmap(addr, PAGE_SIZE);
	return ret;
}

bool lazy_shared_works(void)
{
	unsigned long features = 0;
	bool works = false;
	int uffd, fd;

	uffd = uffd_open(O_CLOEXEC | O_NONBLOCK, &features, NULL);
	if (uffd < 0)
		return false;

	fd = memfd_create("lazy-shared", MFD_CLOEXEC);
	if (fd >= 0) {
		works = !ftruncate(fd, PAGE_SIZE) && try_continue(uffd, MAP_SHARED, fd) == EFAULT &&
			try_continue(uffd, MAP_PRIVATE | MAP_ANONYMOUS, -1) == EINVAL;
		close(fd);
	}

	close(uffd);
	return works;
}

int lazy_shared_send(int sock, const struct lazy_shared_mapping *mapping, int fd)
{
	struct lazy_shared_mapping msg = *mapping;

	if (send_fds(sock, NULL, 0, &fd, 1, &msg, sizeof(msg)) < 0) {
		pr_perror("Can't send shared memory 0x%lx", (unsigned long)mapping->shmid);
		return -1;
	}

	return 0;
}

bool lazy_shared_pending(void)
{
	return nr_missing;
}

static struct lazy_object *find_object(uint64_t shmid)
{
	struct lazy_object *object;

	list_for_each_entry(object, &objects, l)
		if (object->shmid == shmid)
			return object;

	return NULL;
}

static int prepare(void)
{
	unsigned long features = 0;

	if (own_uffd >= 0)
		return 0;

	if (posix_memalign((void **)&run_buf, PAGE_SIZE, MAX_RUN * PAGE_SIZE)) {
		pr_err("No memory for pages\n");
		return -1;
	}

	own_uffd = uffd_open(O_CLOEXEC | O_NONBLOCK, &features, NULL);
	if (own_uffd < 0)
		pr_err("Can't open a userfaultfd for shared memory\n");

	return own_uffd < 0 ? -1 : 0;
}

/* Whoever touches our mapping waits for ever. That would be ourselves, by mistake: it would take a hole for zeros. */
static int map_object(struct lazy_object *object, int fd)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct stat st;

	if (fstat(fd, &st)) {
		pr_perror("Can't look at shared memory 0x%lx", (unsigned long)object->shmid);
		return -1;
	}

	object->nr_pages = DIV_ROUND_UP(st.st_size, PAGE_SIZE);
	object->addr = mmap(NULL, object->nr_pages * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (object->addr == MAP_FAILED) {
		pr_perror("Can't map shared memory 0x%lx", (unsigned long)object->shmid);
		return -1;
	}

	reg.range.start = (unsigned long)object->addr;
	reg.range.len = object->nr_pages * PAGE_SIZE;
	if (ioctl(own_uffd, UFFDIO_REGISTER, &reg)) {
		pr_perror("Can't register shared memory 0x%lx", (unsigned long)object->shmid);
		return -1;
	}

	return 0;
}

/* The pages that the restore has left out. */
static int collect_missing(struct lazy_object *object, bool lazy_parents)
{
	struct page_read *pr = &object->pr;

	object->missing = xzalloc(BITS_TO_LONGS(object->nr_pages) * sizeof(long));
	if (!object->missing)
		return -1;

	if (open_page_read(object->shmid, pr, PR_SHMEM) <= 0) {
		pr_err("There are no pages of shared memory 0x%lx\n", (unsigned long)object->shmid);
		return -1;
	}
	/* What was read and could not be put in place at once would be lost */
	page_read_disable_dedup(pr);

	while (pr->advance(pr)) {
		unsigned long first = pr->pe->vaddr / PAGE_SIZE, i;

		if (!lazy_shared_left(pr->pe, lazy_parents))
			continue;
		if (first > object->nr_pages || pr->pe->nr_pages > object->nr_pages - first) {
			pr_err("Shared memory 0x%lx of %lu pages can't have page %lu\n", (unsigned long)object->shmid,
			       object->nr_pages, (unsigned long)(first + pr->pe->nr_pages - 1));
			return -1;
		}
		for (i = 0; i < pr->pe->nr_pages; i++)
			set_bit(first + i, object->missing);
		object->nr_missing += pr->pe->nr_pages;
	}
	pr->reset(pr);

	return 0;
}

/* Takes over fd. Objects are there until the daemon ends: mappings refer to them. */
static struct lazy_object *get_object(uint64_t shmid, int fd, bool lazy_parents)
{
	struct lazy_object *object = find_object(shmid);

	if (object)
		goto out;

	object = prepare() ? NULL : xzalloc(sizeof(*object));
	if (!object)
		goto out;

	object->shmid = shmid;
	list_add_tail(&object->l, &objects);
	if (map_object(object, fd) || collect_missing(object, lazy_parents)) {
		object = NULL; /* the daemon fails */
		goto out;
	}

	pr_info("%lu of %lu pages of shared memory 0x%lx are to come\n", object->nr_missing, object->nr_pages,
		(unsigned long)shmid);
	nr_missing += object->nr_missing;
	lazy_progress_expect(object->nr_missing);
out:
	close(fd);
	return object;
}

static struct lazy_map *add_map(struct list_head *mappings, uint64_t start, uint64_t end, uint64_t offset,
				struct lazy_object *object)
{
	struct lazy_map *map = xmalloc(sizeof(*map));

	if (!map)
		return NULL;

	map->start = start;
	map->end = end;
	map->offset = offset;
	map->object = object;
	list_add(&map->l, mappings);
	return map;
}

int lazy_shared_recv(int sock, bool lazy_parents, struct list_head *mappings)
{
	struct lazy_shared_mapping msg;
	struct lazy_object *object;
	int fd;

	if (recv_fds(sock, &fd, 1, &msg, sizeof(msg))) {
		pr_err("Can't receive a mapping\n");
		return -1;
	}

	object = get_object(msg.shmid, fd, lazy_parents);
	if (!object)
		return -1;

	return add_map(mappings, msg.start, msg.end, msg.offset, object) ? 0 : -1;
}

static struct lazy_map *find_map(struct list_head *mappings, uint64_t address)
{
	struct lazy_map *map;

	list_for_each_entry(map, mappings, l)
		if (address >= map->start && address < map->end)
			return map;

	return NULL;
}

void lazy_shared_free(struct list_head *mappings)
{
	struct lazy_map *map, *n;

	list_for_each_entry_safe(map, n, mappings, l) {
		list_del(&map->l);
		xfree(map);
	}
}

int lazy_shared_fork(struct list_head *parent, struct list_head *child)
{
	struct lazy_map *map;

	list_for_each_entry(map, parent, l)
		if (!add_map(child, map->start, map->end, map->offset, map->object))
			return -1;

	return 0;
}

int lazy_shared_unmap(struct list_head *mappings, uint64_t start, uint64_t len)
{
	uint64_t end = start + len;
	struct lazy_map *map, *n;

	list_for_each_entry_safe(map, n, mappings, l) {
		if (map->end <= start || map->start >= end)
			continue;

		if (map->end > end &&
		    !add_map(mappings, end, map->end, map->offset + (end - map->start), map->object))
			return -1;

		if (map->start < start) {
			map->end = start;
		} else {
			list_del(&map->l);
			xfree(map);
		}
	}

	return 0;
}

int lazy_shared_remap(struct list_head *mappings, uint64_t from, uint64_t to, uint64_t len)
{
	uint64_t end = from + len;
	struct lazy_map *map;
	LIST_HEAD(moved);

	list_for_each_entry(map, mappings, l) {
		uint64_t s = max(map->start, from), e = min(map->end, end);

		if (s < e && !add_map(&moved, s - from + to, e - from + to, map->offset + (s - map->start), map->object))
			return -1;
	}

	if (lazy_shared_unmap(mappings, from, len) || lazy_shared_unmap(mappings, to, len))
		return -1;

	list_splice(&moved, mappings);
	return 0;
}

/* Puts nr pages from run_buf into the object. Nobody else can have made one: they are holes to all who may be there. */
static int copy_pages(struct lazy_object *object, unsigned long first, unsigned long nr)
{
	unsigned long done = 0;

	while (done < nr) {
		struct uffdio_copy copy = {
			.dst = (unsigned long)object->addr + (first + done) * PAGE_SIZE,
			.src = (unsigned long)run_buf + done * PAGE_SIZE,
			.len = (nr - done) * PAGE_SIZE,
		};

		if (!ioctl(own_uffd, UFFDIO_COPY, &copy))
			return 0;

		if (copy.copy > 0) {
			done += copy.copy / PAGE_SIZE;
		} else if (errno == EEXIST) {
			pr_err("Page %lu of shared memory 0x%lx was made by somebody who did not wait for it\n",
			       first + done, (unsigned long)object->shmid);
			return -1;
		} else if (errno != EAGAIN) {
			pr_perror("Can't copy page %lu of shared memory 0x%lx", first + done,
				  (unsigned long)object->shmid);
			return -1;
		}
	}

	return 0;
}

/* Brings pages that are missing, up to nr in a row from first on. Returns how many, or -1. */
static long bring_run(struct lazy_object *object, unsigned long first, unsigned long nr)
{
	struct page_read *pr = &object->pr;
	unsigned long vaddr = first * PAGE_SIZE, n = 0;

	/* Page maps are read forwards */
	if (!pr->pe || vaddr < pr->cvaddr)
		pr->reset(pr);
	if (pr->seek_pagemap(pr, vaddr) <= 0) {
		pr_err("There is no page %lu of shared memory 0x%lx\n", first, (unsigned long)object->shmid);
		return -1;
	}

	nr = min(nr, (unsigned long)(pr->pe->vaddr + pagemap_len(pr->pe) - vaddr) / PAGE_SIZE);
	nr = min(nr, (unsigned long)MAX_RUN);
	while (n < nr && test_bit(first + n, object->missing))
		n++;

	if (pr->read_pages(pr, vaddr, n, run_buf, 0) < 0 || copy_pages(object, first, n)) {
		pr_err("Can't bring %lu pages at %lu of shared memory 0x%lx\n", n, first, (unsigned long)object->shmid);
		return -1;
	}

	object->nr_missing -= n;
	nr_missing -= n;
	for (nr = 0; nr < n; nr++)
		clear_bit(first + nr, object->missing);
	lazy_progress_done(n);

	return n;
}

int lazy_shared_bring(struct list_head *mappings, uint64_t address)
{
	struct lazy_map *map = find_map(mappings, address);
	unsigned long page;

	if (!map)
		return 0;

	page = (map->offset + (address - map->start)) / PAGE_SIZE;
	if (page >= map->object->nr_pages || !test_bit(page, map->object->missing))
		return 0;

	return bring_run(map->object, page, FAULT_RUN) < 0 ? -1 : 1;
}

int lazy_shared_zero(struct list_head *mappings, uint64_t address)
{
	struct lazy_map *map = find_map(mappings, address);
	struct uffdio_zeropage zero = { .range = { .len = PAGE_SIZE } };
	uint64_t offset;

	if (!map)
		return 0;

	offset = map->offset + (address - map->start);
	if (offset / PAGE_SIZE >= map->object->nr_pages || test_bit(offset / PAGE_SIZE, map->object->missing))
		return 0;

	zero.range.start = (unsigned long)map->object->addr + offset;
	if (!ioctl(own_uffd, UFFDIO_ZEROPAGE, &zero))
		return 1;
	if (errno == EEXIST || errno == EAGAIN)
		return 0;

	pr_perror("Can't make a page of zeros in shared memory 0x%lx", (unsigned long)map->object->shmid);
	return -1;
}

int lazy_shared_transfer(void)
{
	struct lazy_object *object;

	list_for_each_entry(object, &objects, l) {
		unsigned long at;
		long nr;

		if (!object->nr_missing)
			continue;

		at = find_next_bit(object->missing, object->nr_pages, object->next);
		if (at >= object->nr_pages) /* those behind it have come on demand */
			at = find_next_bit(object->missing, object->nr_pages, 0);

		nr = bring_run(object, at, MAX_RUN);
		if (nr < 0)
			return -1;
		object->next = at + nr;
		return 1;
	}

	return 0;
}

int lazy_shared_finish(void)
{
	int ret;

	if (!nr_missing)
		return 0;

	pr_info("Somebody waits until all %lu pages are there\n", nr_missing);
	while ((ret = lazy_shared_transfer()) > 0)
		;

	return ret;
}
