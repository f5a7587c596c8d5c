// SPDX-License-Identifier: GPL-2.0
/*
 * memsnap save PID FILE                 stores the memory of a stopped task
 * memsnap compare PID FILE [VOLATILE]   compares it with a stopped task
 *
 * An independent witness for dump and restore: it trusts neither CRIU's images
 * nor the tracker, and does not touch the memory it looks at: it asks the page
 * map which pages there are and reads only those, through /proc/PID/mem. What
 * is not populated reads as zeros in anonymous memory and as the file elsewhere
 * (read through /proc/PID/map_files).
 *
 * Not compared:
 *  [vvar], [vdso], [vsyscall]  the kernel's: data changes with time, and CRIU
 *                              may put a proxy into the vdso
 *  ranges in the file VOLATILE ("START LENGTH REASON" a line): what the kernel
 *                              writes on its own, named by the subject
 * VMA boundaries may differ where VMAs with the same rights touch each other:
 * a restored mapping merges differently.
 *
 * Exit status: 0 the same, 1 different, 2 could not look.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pagemap.h"

#define PAGE_CONTENT 0
#define PAGE_GUARD   1 /* cannot be read even by /proc/PID/mem */

struct page {
	uint64_t addr;
	uint64_t kind;
	unsigned char *data; /* page_size bytes; NULL for guards */
};

struct vma {
	uint64_t start, end;
	uint64_t offset; /* in the file, bytes */
	char perms[8];	 /* as in /proc/PID/maps */
	bool anon;	 /* private and without a file */
};

struct snap {
	struct vma *vmas;
	size_t nr_vmas;
	struct page *pages; /* ascending */
	size_t nr_pages;
};

struct reader {
	int pid;
	int mem, pagemap, map_file;
	const struct vma *vma;
	struct snap *snap;
};

static size_t page_size;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	exit(2);
}

static void *grow(void *array, size_t nr, size_t size)
{
	if (nr & (nr - 1))
		return array;
	array = realloc(array, (nr ? 2 * nr : 1) * size);
	if (!array)
		die("out of memory");
	return array;
}

static struct page *snap_add_page(struct snap *snap, uint64_t addr, uint64_t kind)
{
	struct page *page;

	snap->pages = grow(snap->pages, snap->nr_pages, sizeof(*page));
	page = &snap->pages[snap->nr_pages++];
	*page = (struct page){ .addr = addr, .kind = kind };
	if (kind == PAGE_CONTENT) {
		page->data = malloc(page_size);
		if (!page->data)
			die("out of memory");
	}
	return page;
}

static bool all_zero(const unsigned char *data)
{
	return !data[0] && !memcmp(data, data + 1, page_size - 1);
}

static void drop_last_page(struct snap *snap)
{
	free(snap->pages[--snap->nr_pages].data);
}

static void read_page(struct reader *rd, uint64_t addr)
{
	struct page *page = snap_add_page(rd->snap, addr, PAGE_CONTENT);

	if (pread(rd->mem, page->data, page_size, addr) != (ssize_t)page_size) {
		free(page->data);
		page->data = NULL;
		page->kind = PAGE_GUARD;
	} else if (rd->vma->anon && all_zero(page->data)) {
		/* The same content as no page at all. */
		drop_last_page(rd->snap);
	}
}

static int read_pages(void *arg, const struct page_region *region)
{
	struct reader *rd = arg;
	uint64_t addr;

	for (addr = region->start; addr < region->end; addr += page_size)
		read_page(rd, addr);
	return 0;
}

/*
 * Pages that belong to the task and not to the page cache. PAGEMAP_SCAN counts
 * the markers that uffd-wp leaves behind as SWAPPED; in the page map they have
 * the swap type 31 (seen with CAP_SYS_ADMIN), and reading through them would
 * change them.
 */
static bool is_private_page(struct reader *rd, uint64_t addr)
{
	uint64_t entry;

	if (pread(rd->pagemap, &entry, sizeof(entry), addr / page_size * sizeof(entry)) != sizeof(entry))
		die("pagemap of %d at %#lx: %m", rd->pid, (unsigned long)addr);
	if (entry & (1ULL << 63))
		return true;
	return (entry & (1ULL << 62)) && (entry & 31) != 31;
}

/* Beyond the end of the file there is nothing to compare. */
static void read_file_page(struct reader *rd, uint64_t addr)
{
	struct page *page = snap_add_page(rd->snap, addr, PAGE_CONTENT);
	ssize_t len = pread(rd->map_file, page->data, page_size, addr - rd->vma->start + rd->vma->offset);

	if (len <= 0)
		drop_last_page(rd->snap);
	else
		memset(page->data + len, 0, page_size - len);
}

/* The file's next page at or behind addr that is not in a hole of the file. */
static uint64_t next_data_page(struct reader *rd, uint64_t addr)
{
	const struct vma *vma = rd->vma;
	uint64_t next;
	off_t data;

	if (rd->map_file < 0)
		return addr;
	data = lseek(rd->map_file, addr - vma->start + vma->offset, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? vma->end : addr;
	next = vma->start + (data - vma->offset) / page_size * page_size;
	return next < vma->end ? next : vma->end;
}

static int note_first(void *addr, const struct page_region *region)
{
	*(uint64_t *)addr = region->start;
	return 1;
}

static uint64_t next_mapped_page(struct reader *rd, uint64_t addr)
{
	uint64_t next = rd->vma->end;
	int ret = pagemap_scan(rd->pagemap, addr, rd->vma->end, PAGE_IS_PRESENT | PAGE_IS_SWAPPED, 0, note_first, &next);

	if (ret < 0)
		die("PAGEMAP_SCAN of %d: %s", rd->pid, strerror(-ret));
	return next;
}

/* What is a hole in the file and not mapped reads as zeros: files may be larger than memory. */
static uint64_t next_page(struct reader *rd, uint64_t addr)
{
	uint64_t data = next_data_page(rd, addr), mapped;

	if (data == addr)
		return addr;
	mapped = next_mapped_page(rd, addr);
	return mapped < data ? mapped : data;
}

static void read_file_vma(struct reader *rd)
{
	const struct vma *vma = rd->vma;
	bool private = vma->perms[3] == 'p';
	char path[128];
	uint64_t addr;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", rd->pid, (unsigned long)vma->start,
		 (unsigned long)vma->end);
	rd->map_file = open(path, O_RDONLY);
	/* The file of an AIO ring cannot be opened; the pages are all there. */
	if (rd->map_file < 0 && errno != ENXIO)
		die("%s: %m", path);
	for (addr = vma->start; (addr = next_page(rd, addr)) < vma->end; addr += page_size) {
		if ((private || rd->map_file < 0) && is_private_page(rd, addr))
			read_page(rd, addr);
		else if (rd->map_file >= 0)
			read_file_page(rd, addr);
	}
	if (rd->map_file >= 0)
		close(rd->map_file);
}

static void read_vma(struct reader *rd)
{
	int ret;

	if (!rd->vma->anon) {
		read_file_vma(rd);
		return;
	}
	ret = pagemap_scan(rd->pagemap, rd->vma->start, rd->vma->end, PAGE_IS_PRESENT | PAGE_IS_SWAPPED, 0, read_pages,
			   rd);
	if (ret)
		die("PAGEMAP_SCAN of %d: %s", rd->pid, strerror(-ret));
}

static bool kernels_own(const char *path)
{
	return !strncmp(path, "[vvar", 5) || !strncmp(path, "[vdso]", 6) || !strncmp(path, "[vsyscall]", 10);
}

static void read_maps(int pid, struct snap *snap)
{
	char path[64], line[4096];
	unsigned long start, end, offset, inode;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	if (!maps)
		die("%s: %m", path);
	while (fgets(line, sizeof(line), maps)) {
		struct vma *vma;
		char perms[8];
		int name = 0;

		if (sscanf(line, "%lx-%lx %7s %lx %*s %lu %n", &start, &end, perms, &offset, &inode, &name) < 5)
			die("%s: cannot parse: %s", path, line);
		if (kernels_own(line + name))
			continue;
		snap->vmas = grow(snap->vmas, snap->nr_vmas, sizeof(*vma));
		vma = &snap->vmas[snap->nr_vmas++];
		*vma = (struct vma){ .start = start, .end = end, .offset = offset };
		strcpy(vma->perms, perms);
		vma->anon = !inode && perms[3] == 'p';
	}
	fclose(maps);
}

static int open_proc(int pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		die("%s: %m", path);
	return fd;
}

static void snap_task(int pid, struct snap *snap)
{
	struct reader rd = { .pid = pid, .snap = snap };
	size_t i;

	rd.mem = open_proc(pid, "mem");
	rd.pagemap = open_proc(pid, "pagemap");
	read_maps(pid, snap);
	for (i = 0; i < snap->nr_vmas; i++) {
		rd.vma = &snap->vmas[i];
		read_vma(&rd);
	}
}

/* FILE: {nr_vmas, nr_pages}, the VMAs, then {addr, kind} and content of each page. */
static void snap_write(const struct snap *snap, const char *path)
{
	FILE *f = fopen(path, "w");
	size_t head[2] = { snap->nr_vmas, snap->nr_pages };
	size_t i;

	if (!f)
		die("%s: %m", path);
	fwrite(head, sizeof(head), 1, f);
	fwrite(snap->vmas, sizeof(*snap->vmas), snap->nr_vmas, f);
	for (i = 0; i < snap->nr_pages; i++) {
		fwrite(&snap->pages[i].addr, 16, 1, f);
		if (snap->pages[i].data)
			fwrite(snap->pages[i].data, page_size, 1, f);
	}
	if (ferror(f) | fclose(f))
		die("%s: %m", path);
}

static void read_exactly(void *buf, size_t len, FILE *f)
{
	if (len && fread(buf, len, 1, f) != 1)
		die("snapshot is truncated");
}

static void snap_read(struct snap *snap, const char *path)
{
	FILE *f = fopen(path, "r");
	size_t head[2], i;

	if (!f)
		die("%s: %m", path);
	read_exactly(head, sizeof(head), f);
	snap->vmas = calloc(head[0], sizeof(*snap->vmas));
	snap->nr_vmas = head[0];
	read_exactly(snap->vmas, head[0] * sizeof(*snap->vmas), f);
	for (i = 0; i < head[1]; i++) {
		uint64_t page_head[2];
		struct page *page;

		read_exactly(page_head, sizeof(page_head), f);
		page = snap_add_page(snap, page_head[0], page_head[1]);
		if (page->data)
			read_exactly(page->data, page_size, f);
	}
	fclose(f);
}

/* Joins neighbours with the same rights. */
static void coalesce(struct snap *snap)
{
	size_t from, to = 0;

	for (from = 1; from < snap->nr_vmas; from++) {
		struct vma *last = &snap->vmas[to], *vma = &snap->vmas[from];

		if (last->end == vma->start && !strcmp(last->perms, vma->perms) && last->anon == vma->anon)
			last->end = vma->end;
		else
			snap->vmas[++to] = *vma;
	}
	snap->nr_vmas = to + 1;
}

static int compare_layout(struct snap *a, struct snap *b)
{
	size_t i;

	coalesce(a);
	coalesce(b);
	for (i = 0; i < a->nr_vmas && i < b->nr_vmas; i++) {
		const struct vma *x = &a->vmas[i], *y = &b->vmas[i];

		if (x->start != y->start || x->end != y->end || strcmp(x->perms, y->perms)) {
			printf("mapping %lx-%lx %s became %lx-%lx %s\n", (unsigned long)x->start, (unsigned long)x->end,
			       x->perms, (unsigned long)y->start, (unsigned long)y->end, y->perms);
			return 1;
		}
	}
	if (a->nr_vmas != b->nr_vmas) {
		printf("%zu mappings became %zu\n", a->nr_vmas, b->nr_vmas);
		return 1;
	}
	return 0;
}

static void apply_volatile(struct snap *snap, uint64_t start, uint64_t len)
{
	size_t i;

	for (i = 0; i < snap->nr_pages; i++) {
		struct page *page = &snap->pages[i];
		uint64_t from = start > page->addr ? start : page->addr;
		uint64_t to = start + len < page->addr + page_size ? start + len : page->addr + page_size;

		if (page->data && from < to)
			memset(page->data + (from - page->addr), 0, to - from);
	}
}

static void read_volatile(const char *path, struct snap *a, struct snap *b)
{
	FILE *f = fopen(path, "r");
	unsigned long start, len;
	char line[256];

	if (!f)
		die("%s: %m", path);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx %lu", &start, &len) != 2)
			die("%s: cannot parse: %s", path, line);
		apply_volatile(a, start, len);
		apply_volatile(b, start, len);
	}
	fclose(f);
}

#define MAX_REPORTS 8

static void report(const char *what, const struct page *page, size_t *nr)
{
	if ((*nr)++ < MAX_REPORTS)
		printf("page %#lx %s\n", (unsigned long)page->addr, what);
}

static void report_difference(const struct page *a, const struct page *b, size_t *nr)
{
	size_t i = 0;

	if ((*nr)++ >= MAX_REPORTS)
		return;
	if (a->kind != b->kind) {
		printf("page %#lx was %s\n", (unsigned long)a->addr, a->kind ? "a guard, is not" : "readable, is not");
		return;
	}
	while (a->data[i] == b->data[i])
		i++;
	printf("page %#lx differs from byte %#zx on: was %#x, is %#x (first word was %#lx, is %#lx)\n",
	       (unsigned long)a->addr, i, a->data[i], b->data[i], *(unsigned long *)a->data, *(unsigned long *)b->data);
}

static bool counts_as_zero(const struct page *page)
{
	return page->kind == PAGE_CONTENT && all_zero(page->data);
}

static bool same_page(const struct page *a, const struct page *b)
{
	if (a->kind != b->kind)
		return false;
	return !a->data || !memcmp(a->data, b->data, page_size);
}

static int compare_pages(const struct snap *a, const struct snap *b)
{
	const struct page *x = a->pages, *x_end = x + a->nr_pages;
	const struct page *y = b->pages, *y_end = y + b->nr_pages;
	size_t nr = 0;

	while (x < x_end || y < y_end) {
		if (y == y_end || (x < x_end && x->addr < y->addr)) {
			if (!counts_as_zero(x))
				report("is missing (reads as zeros)", x, &nr);
			x++;
		} else if (x == x_end || y->addr < x->addr) {
			if (!counts_as_zero(y))
				report("appeared (was zeros or not mapped)", y, &nr);
			y++;
		} else {
			if (!same_page(x, y))
				report_difference(x, y, &nr);
			x++;
			y++;
		}
	}
	if (nr)
		printf("%zu pages differ\n", nr);
	else
		printf("%zu pages compared\n", a->nr_pages);
	return nr != 0;
}

int main(int argc, char **argv)
{
	struct snap before = {}, now = {};

	page_size = sysconf(_SC_PAGESIZE);
	if (argc < 4)
		die("usage: memsnap save|compare PID FILE [VOLATILE]");
	snap_task(atoi(argv[2]), &now);
	if (!strcmp(argv[1], "save")) {
		snap_write(&now, argv[3]);
		return 0;
	}
	snap_read(&before, argv[3]);
	if (argc > 4)
		read_volatile(argv[4], &before, &now);
	return compare_layout(&before, &now) | compare_pages(&before, &now);
}
