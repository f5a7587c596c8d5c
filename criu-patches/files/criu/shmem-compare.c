#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "types.h"
#include "cr_options.h"
#include "hugetlb.h"
#include "image.h"
#include "log.h"
#include "mem-tracker.h"
#include "page.h"
#include "page-xfer.h"
#include "pagemap.h"
#include "pre-dump-pace.h"
#include "pre-dump-progress.h"
#include "servicefd.h"
#include "shmem-compare.h"
#include "shmem-hashes.h"
#include "shmem-map.h"
#include "shmem-pages.h"
#include "shmem-parent.h"
#include "shmem-workers.h"
#include "stats.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "shmem: "

struct shmem_dump {
	int fd;
	const char *addr;   /* NULL: the object may change meanwhile */
	const struct shmem_mapping *mapped; /* NULL: it isn't */
	unsigned long shmid;
	unsigned long size; /* bytes, whole pages */
	bool zeros_are_holes;
	struct page_xfer xfer;

	/* Apart from xfer.parent, which is moved by what is written. Opened when it is needed: workers have their own. */
	struct shmem_parent *parent;
	bool use_parent; /* compare with it */
	struct mem_verify *verify; /* --mem-tracker-verify, else NULL */
	unsigned long verify_end;  /* bytes: what can be read from fd in whole pages */

	/* Left to the parent and not yet written, [start, end): parts are joined. */
	unsigned long start, end;
	unsigned long nr_stored, nr_parent; /* pages */

	struct shmem_hashes *hashes; /* --shmem-compare hash, else NULL */
	char *live;
	bool *same;
};

bool shmem_compare_possible(void)
{
	return shmem_compare_wanted() && (!opts.use_page_server || opts.shmem_compare == SHMEM_COMPARE_HASH);
}

bool shmem_compare_wanted(void)
{
	return opts.track_mem && opts.shmem_compare != SHMEM_COMPARE_OFF && mem_tracker_is_plugin() && !opts.stream;
}

static int open_hashes(struct shmem_dump *d)
{
	if (opts.shmem_compare != SHMEM_COMPARE_HASH)
		return 0;

	d->hashes = shmem_hashes_open(d->shmid, d->xfer.parent != NULL);
	return d->hashes ? 0 : -1;
}

/*
 * hugetlbfs doesn't tell where the holes are, only that there are some. Reading these through a mapping would take pages
 * from the pool.
 */
static int look_at_object(struct shmem_dump *d)
{
	struct stat st;

	if (fstat(d->fd, &st)) {
		pr_perror("Can't stat shmem 0x%lx", d->shmid);
		return -1;
	}

	if (is_hugetlb_dev(st.st_dev, NULL))
		d->zeros_are_holes = (unsigned long)st.st_blocks * 512 < d->size;

	if (d->addr)
		d->mapped = shmem_mapped(&st, d->shmid);

	d->verify_end = round_down(min_t(unsigned long, st.st_size, d->size), PAGE_SIZE);
	return 0;
}

/*
 * By pread(): to touch a hole through a mapping would fill it, and to touch what was cut off would be deadly. What is
 * behind the end of the object is zeros then. But in the last page there may be more than that, if it was mapped.
 */
static int read_live(struct shmem_dump *d, unsigned long pos, unsigned long len)
{
	unsigned long done = 0;
	ssize_t ret = 1;

	while (done < len && ret) {
		ret = pread(d->fd, d->live + done, len - done, pos + done);
		if (ret < 0) {
			pr_perror("Can't read shmem 0x%lx at %#lx", d->shmid, pos + done);
			return -1;
		}
		done += ret;
	}

	memset(d->live + done, 0, len - done);
	if (done % PAGE_SIZE && d->addr) {
		done = round_down(done, PAGE_SIZE);
		memcpy(d->live + done, d->addr + pos + done, PAGE_SIZE);
	}

	return 0;
}

static int verify(struct shmem_dump *d)
{
	unsigned long end = min(d->end, d->verify_end);

	if (!d->verify || d->start >= end)
		return 0;
	return mem_verify_pages(d->verify, d->start, (end - d->start) / PAGE_SIZE);
}

static int flush_parent(struct shmem_dump *d)
{
	struct iovec iov = { .iov_base = (void *)d->start, .iov_len = d->end - d->start };

	if (!iov.iov_len)
		return 0;

	if (verify(d) || d->xfer.write_pagemap(&d->xfer, &iov, PE_PARENT))
		return -1;

	d->nr_parent += iov.iov_len / PAGE_SIZE;
	d->start = d->end = 0;
	return 0;
}

static int leave_to_parent(struct shmem_dump *d, unsigned long start, unsigned long len)
{
	if (d->end != start) {
		if (flush_parent(d))
			return -1;
		d->start = start;
	}

	d->end = start + len;
	return 0;
}

static int store(struct shmem_dump *d, unsigned long start, unsigned long len, const char *buf)
{
	struct iovec iov = { .iov_base = (void *)start, .iov_len = len };

	if (flush_parent(d))
		return -1;

	d->nr_stored += len / PAGE_SIZE;
	if (page_xfer_write_buffer(&d->xfer, &iov, buf))
		return -1;

	if (!d->addr) {
		pre_dump_progress_written(len / PAGE_SIZE);
		pre_dump_pace(len);
	}

	return 0;
}

static int write_runs(struct shmem_dump *d, unsigned long pos, unsigned long len, const char *live)
{
	struct shmem_part part = {
		.live = live,
		.same = d->same,
		.nr = len / PAGE_SIZE,
		.page_size = PAGE_SIZE,
		.zeros_are_holes = d->zeros_are_holes,
	};
	struct shmem_run run = {};
	int ret = 0;

	while (!ret && shmem_next_run(&part, run.first + run.nr, &run)) {
		unsigned long off = run.first * PAGE_SIZE, bytes = run.nr * PAGE_SIZE;

		if (!d->addr && run.what != SHMEM_PAGE_HOLE)
			pre_dump_progress_scanned(run.nr, run.what == SHMEM_PAGE_STORE);

		if (run.what == SHMEM_PAGE_PARENT)
			ret = leave_to_parent(d, pos + off, bytes);
		else if (run.what == SHMEM_PAGE_STORE)
			ret = store(d, pos + off, bytes, live + off);
		else if (d->hashes)
			shmem_hashes_leave_out(d->hashes, run.first, run.nr);
	}

	return ret || !d->hashes ? ret : shmem_hashes_keep(d->hashes);
}

static void compare_here(struct shmem_dump *d, unsigned long pos, unsigned long len, const char *live)
{
	if (d->use_parent && !d->parent) {
		d->parent = shmem_parent_open(d->shmid);
		d->use_parent = d->parent != NULL;
	}

	if (d->use_parent)
		shmem_parent_compare(d->parent, pos, len, live, d->same);
	else
		memset(d->same, 0, len / PAGE_SIZE * sizeof(*d->same));
}

/* mapped: live is there. */
static int compare(struct shmem_dump *d, const struct shmem_mapping *mapped, unsigned long pos, unsigned long len,
		   const char *live)
{
	if (d->hashes && shmem_hashes_compare(d->hashes, live, shmem_workers_hashes(mapped, pos, len), pos / PAGE_SIZE,
					      len / PAGE_SIZE, d->same))
		return -1;

	if (d->hashes && shmem_hashes_have_parent(d->hashes))
		return 0;

	if (!d->use_parent || !shmem_workers_compared(mapped, pos, len, d->same))
		compare_here(d, pos, len, live);
	return 0;
}

static int dump_part(struct shmem_dump *d, unsigned long pos, unsigned long len)
{
	const struct shmem_mapping *mapped = d->mapped && pos + len <= d->mapped->len ? d->mapped : NULL;
	const char *live = mapped ? mapped->addr + pos : d->live;

	if (!mapped && read_live(d, pos, len))
		return -1;

	if (compare(d, mapped, pos, len, live))
		return -1;

	if (!d->addr)
		pre_dump_pace(0);

	return write_runs(d, pos, len, live);
}

static int dump_object(struct shmem_dump *d)
{
	unsigned long start, end, pos = 0;

	while (pos < d->size) {
		if (shmem_next_data(d->fd, d->size, pos, &start, &end))
			return -1;

		for (pos = start; pos < end; pos += min(SHMEM_PART_SIZE, end - pos))
			if (dump_part(d, pos, min(SHMEM_PART_SIZE, end - pos)))
				return -1;
	}

	return flush_parent(d);
}

static int open_dump(struct shmem_dump *d)
{
	d->live = xmalloc(SHMEM_PART_SIZE);
	d->same = xmalloc(SHMEM_PART_SIZE / PAGE_SIZE * sizeof(*d->same));
	if (!d->live || !d->same || look_at_object(d))
		return -1;

	return open_page_xfer(&d->xfer, CR_FD_SHMEM_PAGEMAP, d->shmid);
}

static int open_parent_and_dump(struct shmem_dump *d)
{
	if (open_hashes(d))
		return -1;

	/* Through a page server the parent images are out of reach. */
	d->use_parent = !opts.use_page_server && d->xfer.parent && !(d->hashes && shmem_hashes_have_parent(d->hashes));

	if (opts.mem_tracker_verify && d->addr && d->xfer.parent) {
		d->verify = mem_verify_open_shmem(d->fd, d->shmid);
		if (!d->verify)
			return -1;
	}

	return dump_object(d);
}

static void add_stats(const struct shmem_dump *d)
{
	pr_info("0x%lx: %lu pages stored, %lu left to the parent images\n", d->shmid, d->nr_stored, d->nr_parent);
	cnt_add(CNT_SHPAGES_SCANNED, d->size / PAGE_SIZE);
	cnt_add(CNT_SHPAGES_WRITTEN, d->nr_stored);
	cnt_add(CNT_SHPAGES_SKIPPED_PARENT, d->nr_parent);
}

int shmem_compare_dump(int fd, const void *addr, unsigned long shmid, unsigned long size)
{
	struct shmem_dump d = { .fd = fd, .addr = addr, .shmid = shmid, .size = round_up(size, PAGE_SIZE) };
	int ret;

	ret = open_dump(&d);
	if (!ret) {
		ret = open_parent_and_dump(&d);
		if (!ret)
			add_stats(&d);
		mem_verify_close(d.verify);
		shmem_parent_close(d.parent);
		d.xfer.close(&d.xfer);
		if (shmem_hashes_close(d.hashes, !ret))
			ret = -1;
	}

	xfree(d.live);
	xfree(d.same);
	return ret;
}
