#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "types.h"
#include "hugetlb.h"
#include "image.h"
#include "log.h"
#include "page.h"
#include "servicefd.h"
#include "shmem-compare.h"
#include "shmem-map.h"
#include "shmem-objects.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "shmem: "

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

/* Bytes: how much is looked up, and then filled, at a time. What is punched in between comes back as pages of zeros. */
#define FILL_SIZE (2UL << 20)

struct mapping {
	dev_t dev;
	ino_t ino;
	unsigned long shmid;
	char *addr;
	unsigned long len;
};

static struct mapping *mappings;
static size_t nr_mappings;

static void fill_part(char *addr, size_t nr_pages)
{
	static unsigned char resident[FILL_SIZE >> 12]; /* of pages of any size */
	size_t first, end;

	if (mincore(addr, nr_pages * PAGE_SIZE, resident))
		return;

	for (first = 0; first < nr_pages; first = end) {
		for (end = first; end < nr_pages && (resident[end] & 1) == (resident[first] & 1); end++)
			;
		if (resident[first] & 1)
			madvise(addr + first * PAGE_SIZE, (end - first) * PAGE_SIZE, MADV_POPULATE_READ);
	}
}

/* Only where there are pages: others would be made. */
static void fill_page_tables(int fd, const struct mapping *m)
{
	unsigned long pos;
	off_t off = 0;

	for (pos = 0; pos < m->len; pos += FILL_SIZE) {
		off = lseek(fd, pos, SEEK_DATA);
		if (off < 0 || off >= m->len)
			break;

		pos = round_down(off, PAGE_SIZE);
		fill_part(m->addr + pos, min(FILL_SIZE, m->len - pos) / PAGE_SIZE);
	}
}

/* Of huge pages a shared mapping reserves as many as the object could have. */
static int map_object(int fd, const struct stat *st, unsigned long shmid, void *arg)
{
	struct mapping m = { .dev = st->st_dev, .ino = st->st_ino, .shmid = shmid };

	if (!st->st_size || is_hugetlb_dev(st->st_dev, NULL))
		return 0;

	m.len = round_up(st->st_size, PAGE_SIZE);
	m.addr = mmap(NULL, m.len, PROT_READ, MAP_SHARED, fd, 0);
	if (m.addr == MAP_FAILED)
		return 0;

	/* doubles: grow only at powers of two */
	if (!(nr_mappings & (nr_mappings - 1)) &&
	    xrealloc_safe(&mappings, (nr_mappings ? nr_mappings * 2 : 1) * sizeof(*mappings)))
		return -1;

	mappings[nr_mappings++] = m;
	fill_page_tables(fd, &m);
	return 0;
}

void shmem_map_objects(pid_t root)
{
	int dir;

	if (!shmem_compare_possible() || open_parent(get_service_fd(IMG_FD_OFF), &dir) || dir < 0)
		return;

	close(dir);
	if (shmem_objects_for_each(root, map_object, NULL))
		pr_warn("Not all shared memory is mapped before the tasks are stopped\n");
}

const char *shmem_mapped(const struct stat *st, unsigned long shmid, unsigned long *len)
{
	size_t i;

	for (i = 0; i < nr_mappings; i++) {
		const struct mapping *m = &mappings[i];

		if (m->dev == st->st_dev && m->ino == st->st_ino && m->shmid == shmid) {
			*len = m->len;
			return m->addr;
		}
	}

	*len = 0;
	return NULL;
}
