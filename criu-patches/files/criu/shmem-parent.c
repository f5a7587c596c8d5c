#include <string.h>
#include <unistd.h>

#include "types.h"
#include "image.h"
#include "log.h"
#include "page.h"
#include "pagemap.h"
#include "servicefd.h"
#include "shmem-pages.h"
#include "shmem-parent.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "shmem: "

struct shmem_parent {
	unsigned long shmid;
	struct page_read pages;
	bool readable;
	char stored[SHMEM_PART_SIZE];
	bool has[]; /* a part's number of pages */
};

/* As open_page_read_at() */
static int open_pages(struct shmem_parent *p)
{
	struct page_read *pr;
	int dir, ret;

	if (open_parent(get_service_fd(IMG_FD_OFF), &dir))
		return -1;
	if (dir < 0)
		return 0;

	ret = open_page_read_at(dir, p->shmid, &p->pages, PR_SHMEM);
	close(dir);
	if (ret <= 0)
		return ret;

	/* Reading must not punch holes, whatever --auto-dedup says. */
	for (pr = &p->pages; pr; pr = pr->parent)
		pr->disable_dedup = true;

	p->readable = true;
	return 1;
}

struct shmem_parent *shmem_parent_open(unsigned long shmid)
{
	struct shmem_parent *p;
	int ret;

	p = xmalloc(sizeof(*p) + SHMEM_PART_SIZE / PAGE_SIZE * sizeof(*p->has));
	if (!p)
		return NULL;

	p->shmid = shmid;
	p->readable = false;
	ret = open_pages(p);
	if (ret > 0)
		return p;

	if (ret)
		pr_warn("Can't read the parent images of 0x%lx, all of it is stored\n", shmid);
	xfree(p);
	return NULL;
}

/* Marks what the parent images have of [pos, pos + len), and reads it. -1 if they can't be read. */
static int read_stored(struct shmem_parent *p, unsigned long pos, unsigned long len)
{
	struct page_read *pr = &p->pages;
	unsigned long off = 0, nr;

	while (off < len) {
		if (pr->seek_pagemap(pr, pos + off) <= 0) {
			/* A hole, up to the next entry or the end */
			if (!pr->pe || pr->pe->vaddr <= pos + off)
				break;
			off = pr->pe->vaddr - pos;
			continue;
		}

		nr = pr->pe->nr_pages - (pos + off - pr->pe->vaddr) / PAGE_SIZE;
		nr = min(nr, (len - off) / PAGE_SIZE);
		if (pr->read_pages(pr, pos + off, nr, p->stored + off, 0) < 0)
			return -1;

		memset(p->has + off / PAGE_SIZE, 1, nr * sizeof(*p->has));
		off += nr * PAGE_SIZE;
	}

	return 0;
}

void shmem_parent_compare(struct shmem_parent *p, unsigned long pos, unsigned long len, const char *live, bool *same)
{
	size_t nr = len / PAGE_SIZE;

	memset(p->has, 0, nr * sizeof(*p->has));
	if (p->readable && read_stored(p, pos, len)) {
		pr_warn("Can't read the parent images of 0x%lx at %#lx, the rest is stored\n", p->shmid, pos);
		p->readable = false;
		memset(p->has, 0, nr * sizeof(*p->has));
	}

	shmem_compare_pages(live, p->stored, p->has, nr, PAGE_SIZE, same);
}

void shmem_parent_close(struct shmem_parent *p)
{
	if (!p)
		return;

	p->pages.close(&p->pages);
	xfree(p);
}
