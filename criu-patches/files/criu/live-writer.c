#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "image.h"
#include "live-writer.h"
#include "log.h"
#include "mem-tracker.h"
#include "page.h"
#include "page-xfer.h"
#include "pagemap.h"
#include "pre-dump-pace.h"
#include "pre-dump-progress.h"
#include "stats.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "live-writer: "

/* Bytes that are read at a time: fits into the caches on the way from the task to the file. */
#define BUFFER_SIZE (1UL << 20)
/* Runs that are read at a time. */
#define MAX_RUNS 128

struct live_writer {
	pid_t pid;
	int mem; /* /proc/pid/mem */
	struct page_xfer xfer;
	void *buf;

	/* To be read and written, [first, nr); together the dirty ones fit into the buffer. */
	struct cr_mem_run runs[MAX_RUNS];
	size_t first, nr;
	unsigned long dirty; /* bytes */
};

static unsigned long run_len(const struct cr_mem_run *run)
{
	return run->nr_pages * PAGE_SIZE;
}

static int open_mem(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

struct live_writer *live_writer_open(pid_t pid, pid_t vpid)
{
	struct live_writer *w;

	w = xzalloc(sizeof(*w));
	if (!w)
		return NULL;

	w->pid = pid;
	w->buf = xmalloc(BUFFER_SIZE);
	if (!w->buf || open_page_xfer(&w->xfer, CR_FD_PAGEMAP, vpid)) {
		xfree(w->buf);
		xfree(w);
		return NULL;
	}

	/* -1: gone, then nothing can be read from it anyway */
	w->mem = open_mem(pid);
	return w;
}

bool live_writer_has_parent(const struct live_writer *w)
{
	return w->xfer.parent != NULL;
}

/*
 * Bytes of dirty runs that were read into the buffer; less than all of them where one can't be read.
 *
 * Not by process_vm_readv(): it pins the pages, for which the kernel breaks copy-on-write sharing (gup_must_unshare(),
 * Linux 5.19). The tree would need more memory, and the copies have clean page table entries: when they are shared by a
 * next fork, MADV_FREE in one task drops them in the other one as well. /proc/pid/mem also reads what lacks PROT_READ,
 * and never memory of a program that was executed since it was opened.
 */
static unsigned long read_runs(struct live_writer *w)
{
	unsigned long len = 0;
	ssize_t ret;
	size_t i;

	for (i = w->first; i < w->nr; i++) {
		const struct cr_mem_run *run = &w->runs[i];

		if (!(run->flags & CR_MEM_RUN_DIRTY))
			continue;

		ret = pread(w->mem, w->buf + len, run_len(run), run->start);
		if (ret > 0)
			len += round_down(ret, PAGE_SIZE);
		if (ret != run_len(run))
			break;
	}

	return len;
}

static int write_run(struct live_writer *w, u64 start, unsigned long len, const void *buf)
{
	struct iovec iov = { .iov_base = (void *)(unsigned long)start, .iov_len = len };

	if (buf) {
		cnt_add(CNT_PAGES_WRITTEN, len / PAGE_SIZE);
		pre_dump_progress_written(len / PAGE_SIZE);
		return page_xfer_write_buffer(&w->xfer, &iov, buf);
	}

	cnt_add(CNT_PAGES_SKIPPED_PARENT, len / PAGE_SIZE);
	return w->xfer.write_pagemap(&w->xfer, &iov, PE_PARENT);
}

/* Writes runs from the first on until a dirty one is not in the len bytes of the buffer. */
static int write_runs(struct live_writer *w, unsigned long len)
{
	const void *buf = w->buf;

	for (; w->first < w->nr; w->first++) {
		struct cr_mem_run *run = &w->runs[w->first];
		bool dirty = run->flags & CR_MEM_RUN_DIRTY;
		unsigned long part = dirty ? min(len, run_len(run)) : run_len(run);

		if (part && write_run(w, run->start, part, dirty ? buf : NULL))
			return -1;

		if (dirty) {
			buf += part;
			len -= part;
		}

		run->start += part;
		run->nr_pages -= part / PAGE_SIZE;
		if (run->nr_pages)
			break;
	}

	return 0;
}

static void give_back_first_page(struct live_writer *w)
{
	struct cr_mem_run *run = &w->runs[w->first];

	pr_debug("%d: can't read %" PRIx64 "\n", w->pid, run->start);
	mem_tracker_give_back(w->pid, run->start, 1);
	run->start += PAGE_SIZE;
	if (!--run->nr_pages)
		w->first++;
}

static int flush(struct live_writer *w)
{
	unsigned long len;

	while (w->first < w->nr) {
		timing_start(TIME_MEMDUMP);
		len = read_runs(w);
		timing_stop(TIME_MEMDUMP);
		pre_dump_pace(0);

		timing_start(TIME_MEMWRITE);
		if (write_runs(w, len))
			return -1;
		timing_stop(TIME_MEMWRITE);

		if (w->first < w->nr)
			give_back_first_page(w);
	}

	pre_dump_pace(w->dirty);
	w->first = w->nr = 0;
	w->dirty = 0;
	return 0;
}

/* As much of the run as there is room for. Pages. */
static u64 queue_run(struct live_writer *w, struct cr_mem_run run)
{
	if (run.flags & CR_MEM_RUN_DIRTY) {
		run.nr_pages = min_t(u64, run.nr_pages, (BUFFER_SIZE - w->dirty) / PAGE_SIZE);
		w->dirty += run_len(&run);
	}

	w->runs[w->nr++] = run;
	return run.nr_pages;
}

int live_writer_add(struct live_writer *w, const struct cr_mem_run *runs, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		struct cr_mem_run run = runs[i];

		cnt_add(CNT_PAGES_SCANNED, run.nr_pages);
		pre_dump_progress_scanned(run.nr_pages, run.flags & CR_MEM_RUN_DIRTY);
		while (run.nr_pages) {
			u64 queued = queue_run(w, run);

			run.start += queued * PAGE_SIZE;
			run.nr_pages -= queued;
			if ((w->nr == MAX_RUNS || w->dirty == BUFFER_SIZE) && flush(w))
				return -1;
		}
	}

	return 0;
}

int live_writer_close(struct live_writer *w)
{
	int ret = flush(w);

	w->xfer.close(&w->xfer);
	close_safe(&w->mem);
	xfree(w->buf);
	xfree(w);
	return ret;
}
