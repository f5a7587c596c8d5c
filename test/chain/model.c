// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pagemap.h"
#include "subject.h"

#define MAX_REGIONS 1024
#define MAX_TAGS    (1 << 20)

/*
 * Regions and tags live in .bss and not in mappings of their own: a mapping of
 * ours next to the memory under test could merge with it.
 */
static struct region regions[MAX_REGIONS];
static size_t nr_regions;
static uint64_t tag_arena[MAX_TAGS];
static size_t nr_tags;
static uint32_t tag_counter;
static char *next_place = (char *)(64UL << 30);

uint64_t model_seed;
size_t page_size;

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

char *region_place(size_t len)
{
	const size_t step = 4UL << 30;
	char *place = next_place;

	next_place += (len + 2 * step - 1) / step * step;
	return place;
}

struct region *region_add(const char *name, void *start, size_t nr_pages, size_t max_pages)
{
	struct region *r = &regions[nr_regions];

	if (nr_regions == MAX_REGIONS || nr_tags + max_pages > MAX_TAGS)
		fail("model: no room for region %s", name);
	nr_regions++;
	*r = (struct region){
		.name = name,
		.start = start,
		.nr_pages = nr_pages,
		.max_pages = max_pages,
		.tags = &tag_arena[nr_tags],
	};
	nr_tags += max_pages;
	memset(r->tags, 0, max_pages * sizeof(*r->tags));
	return r;
}

struct region *region_map(const char *name, size_t nr_pages, int prot, int flags)
{
	size_t len = nr_pages * page_size;
	char *start;

	start = mmap(region_place(len), len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | flags, -1, 0);
	if (start == MAP_FAILED)
		fail("mmap of region %s: %m", name);
	return region_add(name, start, nr_pages, nr_pages);
}

struct region *region_split(struct region *r, const char *name, size_t page)
{
	struct region *tail;

	tail = region_add(name, region_page(r, page), r->nr_pages - page, r->nr_pages - page);
	memcpy(tail->tags, r->tags + page, tail->nr_pages * sizeof(*tail->tags));
	tail->shared = r->shared;
	tail->file = r->file;
	r->nr_pages = page;
	return tail;
}

void region_join(struct region *a, struct region *b)
{
	if (region_page(a, a->nr_pages) != b->start || a->nr_pages + b->nr_pages > a->max_pages)
		fail("model: regions %s and %s cannot be joined", a->name, b->name);
	memcpy(a->tags + a->nr_pages, b->tags, b->nr_pages * sizeof(*b->tags));
	a->nr_pages += b->nr_pages;
	region_forget(b);
}

void region_forget(struct region *r)
{
	r->nr_pages = 0;
	r->max_pages = 0;
}

void regions_reset(void)
{
	nr_regions = 0;
	nr_tags = 0;
}

char *region_page(const struct region *r, size_t page)
{
	return r->start + page * page_size;
}

uint64_t page_retag(struct region *r, size_t page)
{
	r->tags[page] = ((uint64_t)(cur_step + 1) << 32) | ++tag_counter;
	return r->tags[page];
}

void page_fill(void *buf, uint64_t tag)
{
	uint64_t *words = buf;
	uint64_t state;
	size_t i;

	tag &= ~(TAG_OR_ZERO | TAG_NOT_OURS);
	if (tag == TAG_ZERO) {
		memset(buf, 0, page_size);
		return;
	}
	state = mix(tag ^ model_seed);
	words[0] = tag;
	for (i = 1; i < page_size / sizeof(*words); i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		words[i] = state ^ (state >> 29);
	}
}

void page_write(struct region *r, size_t page)
{
	page_fill(region_page(r, page), page_retag(r, page));
}

void pages_write(struct region *r, size_t first, size_t nr)
{
	size_t i;

	for (i = first; i < first + nr; i++)
		page_write(r, i);
}

void pages_set(struct region *r, size_t first, size_t nr, uint64_t tag)
{
	size_t i;

	for (i = first; i < first + nr; i++)
		r->tags[i] = tag;
}

/* page_retag(): the upper half of the tag of a page that was written is the step plus 1. */
static uint64_t step_of(uint64_t tag)
{
	return tag == TAG_UNMAPPED || tag == TAG_GUARD || (tag & TAG_NOT_OURS) ? 0 : (tag & ~TAG_OR_ZERO) >> 32;
}

static bool written_now(uint64_t tag)
{
	return step_of(tag) == (uint64_t)(cur_step + 1);
}

bool page_is_new(const struct region *r, size_t page)
{
	return written_now(r->tags[page]);
}

void pages_write_some(struct region *r, size_t first, size_t of, size_t nr)
{
	size_t page;

	while (nr) {
		page = first + rnd_below(of);
		if (written_now(r->tags[page]))
			continue;
		page_write(r, page);
		nr--;
	}
}

void pages_read(const struct region *r, size_t first, size_t nr)
{
	size_t i;

	for (i = first; i < first + nr; i++)
		*(volatile char *)region_page(r, i);
}

/* Whether the page has to be in the next image; of files also what earlier steps wrote, but in the last dump only. */
static bool must_be_stored(const struct region *r, size_t page)
{
	uint64_t tag = r->tags[page];

	return !(tag & TAG_OR_ZERO) && (r->file ? step_of(tag) > 0 : written_now(tag));
}

void model_expect_written(void)
{
	const struct region *r;
	size_t i, first;

	for (r = regions; r < regions + nr_regions; r++) {
		if (r->shared)
			continue;
		if (r->file)
			expect_untracked(r->start, region_bytes(r));
		for (i = 0; i < r->nr_pages; i++) {
			if (!must_be_stored(r, i))
				continue;
			for (first = i; i < r->nr_pages && must_be_stored(r, i);)
				i++;
			(r->file ? expect_in_last : r->huge ? expect_written_by_plugin : expect_written)(
				region_page(r, first), (i - first) * page_size);
		}
	}
}

/* On disk: per region {start, nr_pages, name}, then the tags. */
struct model_head {
	uint64_t start;
	uint64_t nr_pages;
	char name[32];
};

static int model_open(int flags)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "model.%d", getpid());
	fd = open(path, flags | O_CLOEXEC, 0600);
	must(fd >= 0);
	return fd;
}

void model_save(void)
{
	int fd = model_open(O_WRONLY | O_CREAT | O_TRUNC);
	const struct region *r;

	for (r = regions; r < regions + nr_regions; r++) {
		struct model_head head = { .start = (uintptr_t)r->start, .nr_pages = r->nr_pages };
		size_t len = r->nr_pages * sizeof(*r->tags);

		snprintf(head.name, sizeof(head.name), "%s", r->name);
		must(write(fd, &head, sizeof(head)) == sizeof(head));
		must(write(fd, r->tags, len) == (ssize_t)len);
	}
	must(close(fd) == 0);
}

__attribute__((noreturn)) static void page_wrong(const struct model_head *head, size_t page, const uint64_t *expected,
						 const uint64_t *found)
{
	size_t i = 0;

	while (expected[i] == found[i])
		i++;
	/* page_retag(): the upper half of a tag is the step plus 1. */
	fail("pid %d: page %#lx (%zu of region %s) must hold %#llx (step %lld), holds %#llx (step %lld), "
	     "different from byte %zu on",
	     getpid(), (unsigned long)(head->start + page * page_size), page, head->name,
	     (unsigned long long)expected[0], (long long)(expected[0] >> 32) - 1, (unsigned long long)found[0],
	     (long long)(found[0] >> 32) - 1, i * sizeof(*found));
}

/* Through /proc/self/mem, which reads PROT_NONE pages too and reports a guard as an error. */
static void check_page(int mem, const struct model_head *head, size_t page, uint64_t tag)
{
	static uint64_t found[65536 / 8] __attribute__((aligned(64)));
	static uint64_t expected[65536 / 8] __attribute__((aligned(64)));
	off_t addr = head->start + page * page_size;

	if (tag == TAG_UNMAPPED)
		return;
	if (pread(mem, found, page_size, addr) != (ssize_t)page_size) {
		if (tag != TAG_GUARD)
			fail("pid %d: page %#lx of region %s cannot be read: %m", getpid(), (long)addr, head->name);
		return;
	}
	if (tag == TAG_GUARD)
		fail("pid %d: page %#lx of region %s must be a guard", getpid(), (long)addr, head->name);
	page_fill(expected, tag);
	if (!memcmp(found, expected, page_size))
		return;
	if (tag & TAG_OR_ZERO) {
		static uint64_t zeros[65536 / 8];

		if (!memcmp(found, zeros, page_size))
			return;
	}
	page_wrong(head, page, expected, found);
}

void model_check(void)
{
	int fd = model_open(O_RDONLY), mem;
	struct model_head head;
	size_t i, region = 0;

	mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	must(mem >= 0);
	for (; read(fd, &head, sizeof(head)) == sizeof(head); region++) {
		if (region >= nr_regions || regions[region].nr_pages != head.nr_pages)
			fail("pid %d: the restored table of regions is stale", getpid());
		for (i = 0; i < head.nr_pages; i++) {
			uint64_t tag;

			must(read(fd, &tag, sizeof(tag)) == sizeof(tag));
			check_page(mem, &head, i, tag);
			if (regions[region].tags[i] != tag)
				fail("pid %d: the restored tag %zu of region %s is stale", getpid(), i, head.name);
		}
	}
	if (region != nr_regions)
		fail("pid %d: %zu regions restored, %zu in the file", getpid(), nr_regions, region);
	must(close(mem) == 0);
	must(close(fd) == 0);
}

static int add_pages(void *arg, const struct page_region *region)
{
	*(size_t *)arg += (region->end - region->start) / page_size;
	return 0;
}

size_t count_populated(const void *start, size_t len)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	size_t pages = 0;
	int ret;

	must(fd >= 0);
	ret = pagemap_scan(fd, (uintptr_t)start, (uintptr_t)start + len, PAGE_IS_PRESENT | PAGE_IS_SWAPPED, 0,
			   add_pages, &pages);
	if (ret)
		fail("PAGEMAP_SCAN: %s", strerror(-ret));
	must(close(fd) == 0);
	return pages;
}
