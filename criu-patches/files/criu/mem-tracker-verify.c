#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cr_options.h"
#include "image.h"
#include "log.h"
#include "mem-tracker.h"
#include "page.h"
#include "pagemap.h"
#include "servicefd.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "mem-tracker: "

/* How much is compared at a time, in bytes. */
#define VERIFY_CHUNK (1UL << 20)

/*
 * Compares what a dump leaves to the parent images with these. The task is
 * stopped, so its memory does not change meanwhile.
 */
struct mem_verify {
	char what[32]; /* pid, or id of a shared memory object */
	int mem_fd;    /* /proc/pid/mem, which reads pages without PROT_READ too; or the object */
	struct page_read parent;
	unsigned long nr_verified; /* pages */
	char live[VERIFY_CHUNK];
	char stored[VERIFY_CHUNK];
};

static int open_parent_pages(struct mem_verify *v, unsigned long img_id, int type)
{
	struct page_read *pr;
	int dir, ret;

	if (open_parent(get_service_fd(IMG_FD_OFF), &dir))
		return -1;
	if (dir < 0) {
		pr_err("--mem-tracker-verify needs the parent images in the images directory\n");
		return -1;
	}

	ret = open_page_read_at(dir, img_id, &v->parent, type);
	close(dir);
	if (ret <= 0) {
		pr_err("Can't verify %s: no parent images of it\n", v->what);
		return -1;
	}

	/* Reading must not punch holes, whatever --auto-dedup says. */
	for (pr = &v->parent; pr; pr = pr->parent)
		pr->disable_dedup = true;

	return 0;
}

/* Takes the descriptor. */
static struct mem_verify *open_verify(int fd, unsigned long img_id, int type, const char *what)
{
	struct mem_verify *v;

	if (fd < 0)
		return NULL;

	v = xzalloc(sizeof(*v));
	if (!v)
		goto err;

	v->mem_fd = fd;
	snprintf(v->what, sizeof(v->what), "%s", what);
	if (!open_parent_pages(v, img_id, type))
		return v;

	xfree(v);
err:
	close(fd);
	return NULL;
}

struct mem_verify *mem_verify_open(pid_t pid, unsigned long img_id)
{
	char what[32];

	snprintf(what, sizeof(what), "%d", pid);
	return open_verify(open_proc(pid, "mem"), img_id, PR_TASK, what);
}

struct mem_verify *mem_verify_open_shmem(int fd, unsigned long shmid)
{
	char what[32];

	snprintf(what, sizeof(what), "shmem 0x%lx", shmid);
	return open_verify(dup(fd), shmid, PR_SHMEM, what);
}

void mem_verify_close(struct mem_verify *v)
{
	if (!v)
		return;

	pr_info("Verified %lu pages of %s that are left to the parent images\n", v->nr_verified, v->what);
	v->parent.close(&v->parent);
	close(v->mem_fd);
	xfree(v);
}

/* The parent's pagemap entries may be shorter than what is asked for. */
static int read_stored(struct mem_verify *v, unsigned long vaddr, unsigned long nr_pages)
{
	struct page_read *pr = &v->parent;
	char *buf = v->stored;

	while (nr_pages) {
		unsigned long nr;

		if (pr->seek_pagemap(pr, vaddr) <= 0) {
			pr_err("%s: page %#lx is to be left to the parent images, which lack it\n", v->what, vaddr);
			return -1;
		}

		nr = min(nr_pages, (unsigned long)(pr->pe->nr_pages - (vaddr - pr->pe->vaddr) / PAGE_SIZE));
		if (pr->read_pages(pr, vaddr, nr, buf, 0) < 0)
			return -1;

		nr_pages -= nr;
		vaddr += nr * PAGE_SIZE;
		buf += nr * PAGE_SIZE;
	}

	return 0;
}

static int verify_chunk(struct mem_verify *v, unsigned long vaddr, unsigned long nr_pages)
{
	size_t len = nr_pages * PAGE_SIZE, off;

	if (pread(v->mem_fd, v->live, len, (off_t)vaddr) != len) {
		pr_perror("%s: can't read %zu bytes at %#lx to verify them", v->what, len, vaddr);
		return -1;
	}

	if (read_stored(v, vaddr, nr_pages))
		return -1;

	for (off = 0; off < len; off += PAGE_SIZE) {
		if (memcmp(v->live + off, v->stored + off, PAGE_SIZE)) {
			pr_err("%s: page %#lx counts as not written, but is not as in the parent images\n", v->what,
			       vaddr + off);
			return -1;
		}
	}

	v->nr_verified += nr_pages;
	return 0;
}

int mem_verify_pages(struct mem_verify *v, unsigned long vaddr, unsigned long nr_pages)
{
	while (nr_pages) {
		unsigned long nr = min(nr_pages, VERIFY_CHUNK / PAGE_SIZE);

		if (verify_chunk(v, vaddr, nr))
			return -1;

		nr_pages -= nr;
		vaddr += nr * PAGE_SIZE;
	}

	return 0;
}
