// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <error.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "primitive-trackers.h"
#include "scan.h"
#include "wp.h"

#ifndef PAGE_IS_SOFT_DIRTY
#define PAGE_IS_SOFT_DIRTY (1 << 7)
#endif

/* /proc/PID/pagemap: Documentation/admin-guide/mm/pagemap.rst of the kernel. */
#define PM_SOFT_DIRTY (1ULL << 55)
#define PM_SWAPPED    (1ULL << 62)
#define PM_PRESENT    (1ULL << 63)

#define READ_ENTRIES (1 << 17) /* 1 MiB: 512 MiB of address space */

void found_free(struct found *f)
{
	free(f->runs);
	*f = (struct found){};
}

static void found_reset(struct found *f)
{
	f->nr_pages = f->nr_dirty = f->nr_runs = 0;
}

static void add_pages(struct found *f, uint64_t start, uint64_t len, bool dirty)
{
	struct iovec *last = f->nr_runs ? &f->runs[f->nr_runs - 1] : NULL;

	f->nr_pages += len / page_size();
	if (!dirty)
		return;
	f->nr_dirty += len / page_size();
	if (last && (uintptr_t)last->iov_base + last->iov_len == start) {
		last->iov_len += len;
		return;
	}
	if (f->nr_runs == f->capacity) {
		f->capacity = f->capacity ? f->capacity * 2 : 4096;
		f->runs = reallocarray(f->runs, f->capacity, sizeof(*f->runs));
		if (!f->runs)
			error(1, errno, "reallocarray");
	}
	f->runs[f->nr_runs++] = (struct iovec){ (void *)(uintptr_t)start, len };
}

/* --- ours --- */

static int add_written(void *arg, const struct page_region *r)
{
	add_pages(arg, r->start, r->end - r->start, r->categories & PAGE_IS_WRITTEN);
	return 0;
}

uint64_t ours_register(struct target *t)
{
	uint64_t start = now_ns();
	int ret = wp_register(t->uffd, t->start, t->start + t->len);

	if (ret)
		error(1, -ret, "UFFDIO_REGISTER");
	return now_ns() - start;
}

uint64_t ours_unprotect(struct target *t)
{
	uint64_t start = now_ns();
	int ret = wp_unprotect(t->uffd, t->start, t->start + t->len);

	if (ret)
		error(1, -ret, "UFFDIO_WRITEPROTECT");
	return now_ns() - start;
}

uint64_t ours_scan(struct target *t, struct found *f)
{
	uint64_t start;
	int ret;

	found_reset(f);
	start = now_ns();
	ret = scan_range(t->pagemap, t->start, t->start + t->len, SCAN_PROTECT, add_written, f);
	if (ret)
		error(1, -ret, "PAGEMAP_SCAN");
	return now_ns() - start;
}

/* --- soft-dirty --- */

uint64_t soft_dirty_clear(struct target *t)
{
	uint64_t start = now_ns();

	if (pwrite(t->clear_refs, "4", 1, 0) != 1)
		error(1, errno, "clear_refs");
	return now_ns() - start;
}

uint64_t soft_dirty_read(struct target *t, struct found *f)
{
	static uint64_t entries[READ_ENTRIES];
	uint64_t first = t->start / page_size(), end = first + t->len / page_size(), start;
	ssize_t nr, i;

	found_reset(f);
	start = now_ns();
	for (; first < end; first += nr) {
		size_t want = end - first < READ_ENTRIES ? end - first : READ_ENTRIES;

		nr = pread(t->pagemap, entries, want * sizeof(*entries), first * sizeof(*entries));
		if (nr < (ssize_t)sizeof(*entries))
			error(1, errno, "read of pagemap");
		nr /= sizeof(*entries);
		for (i = 0; i < nr; i++)
			if (entries[i] & (PM_PRESENT | PM_SWAPPED))
				add_pages(f, (first + i) * page_size(), page_size(), entries[i] & PM_SOFT_DIRTY);
	}
	return now_ns() - start;
}

uint64_t soft_dirty_scan(struct target *t, struct found *f)
{
	static struct page_region regions[4096];
	struct pm_scan_arg scan = {
		.size = sizeof(scan),
		.start = t->start,
		.end = t->start + t->len,
		.vec = (uintptr_t)regions,
		.vec_len = 4096,
		.category_inverted = PAGE_IS_PFNZERO,
		.category_mask = PAGE_IS_PFNZERO,
		.category_anyof_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
		.return_mask = PAGE_IS_PRESENT | PAGE_IS_SWAPPED | PAGE_IS_SOFT_DIRTY,
	};
	uint64_t start;
	long nr, i;

	found_reset(f);
	start = now_ns();
	while (scan.start < scan.end) {
		nr = ioctl(t->pagemap, PAGEMAP_SCAN, &scan);
		if (nr < 0 || scan.walk_end <= scan.start)
			error(1, errno, "PAGEMAP_SCAN for soft-dirty bits");
		for (i = 0; i < nr; i++)
			add_pages(f, regions[i].start, regions[i].end - regions[i].start,
				  regions[i].categories & PAGE_IS_SOFT_DIRTY);
		/* walk_end may lie before what was reported last: see next_start() in the product's scan.c. */
		scan.start = nr && regions[nr - 1].end > scan.walk_end ? regions[nr - 1].end : scan.walk_end;
	}
	return now_ns() - start;
}

bool soft_dirty_works(void)
{
	struct target t;
	struct found f = {};
	bool works;

	target_start(&t, 2 * page_size(), 2);
	soft_dirty_clear(&t);
	soft_dirty_read(&t, &f);
	works = f.nr_pages == 2 && f.nr_dirty == 0;
	target_dirty(&t, 1, 1);
	soft_dirty_read(&t, &f);
	works = works && f.nr_pages == 2 && f.nr_dirty == 1;
	found_free(&f);
	target_end(&t);
	return works;
}

/* --- copy --- */

#define COPY_RUNS 1024 /* IOV_MAX */

uint64_t copy_dirty(struct target *t, const struct found *f)
{
	static char buffer[COPY_BUFFER];
	struct iovec local = { buffer, sizeof(buffer) }, remote[COPY_RUNS];
	uint64_t copied = 0, start = now_ns();
	size_t i = 0, done = 0; /* bytes of run i */

	while (i < f->nr_runs) {
		size_t room = sizeof(buffer), nr = 0;

		while (nr < COPY_RUNS && room && i < f->nr_runs) {
			size_t len = f->runs[i].iov_len - done;

			if (len > room)
				len = room;
			remote[nr++] = (struct iovec){ (char *)f->runs[i].iov_base + done, len };
			room -= len;
			done += len;
			if (done == f->runs[i].iov_len) {
				i++;
				done = 0;
			}
		}
		local.iov_len = sizeof(buffer) - room;
		if (process_vm_readv(t->pid, &local, 1, remote, nr, 0) != (ssize_t)local.iov_len)
			error(1, errno, "process_vm_readv");
		copied += local.iov_len;
	}
	if (copied != f->nr_dirty * page_size())
		error(1, 0, "%llu bytes copied of %llu pages", (unsigned long long)copied,
		      (unsigned long long)f->nr_dirty);
	return now_ns() - start;
}
