#include <errno.h>
#include <fcntl.h>
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
#include "shmem-workers.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "shmem: "

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

/* Bytes: how much is looked up, and then filled, at a time. What is punched in between comes back as pages of zeros. */
#define FILL_SIZE (2UL << 20)

static struct shmem_mapping *mappings;
static size_t nr_mappings;

int shmem_next_data(int fd, unsigned long size, unsigned long pos, unsigned long *start, unsigned long *end)
{
	off_t off = lseek(fd, pos, SEEK_DATA);

	*start = *end = size;
	if (off < 0 && errno == ENXIO)
		return 0;
	if (off < 0)
		goto err;

	*start = min_t(unsigned long, round_down(off, PAGE_SIZE), size);
	off = lseek(fd, off, SEEK_HOLE);
	if (off < 0 && errno != ENXIO)
		goto err;

	/* ENXIO: it was cut off meanwhile */
	*end = off < 0 ? *start + PAGE_SIZE : min_t(unsigned long, round_up(off, PAGE_SIZE), size);
	return 0;
err:
	pr_perror("Can't find the holes of shared memory");
	return -1;
}

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

void shmem_fill_page_tables(char *addr, unsigned long len)
{
	unsigned long off;

	for (off = 0; off < len; off += FILL_SIZE)
		fill_part(addr + off, min(FILL_SIZE, len - off) / PAGE_SIZE);
}

static void fill_object(const struct shmem_mapping *m)
{
	unsigned long pos = 0, start, end;

	while (pos < m->len && !shmem_next_data(m->fd, m->len, pos, &start, &end)) {
		shmem_fill_page_tables(m->addr + start, end - start);
		pos = end;
	}
}

/* Of huge pages a shared mapping reserves as many as the object could have. */
static int map_object(int fd, const struct stat *st, unsigned long shmid, void *arg)
{
	struct shmem_mapping m = { .dev = st->st_dev, .ino = st->st_ino, .shmid = shmid };

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

	m.data = min_t(unsigned long, st->st_blocks * 512, m.len);
	m.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	mappings[nr_mappings++] = m;
	return 0;
}

void shmem_map_objects(pid_t root)
{
	bool have_workers;
	size_t i;
	int dir;

	if (!shmem_compare_possible() || open_parent(get_service_fd(IMG_FD_OFF), &dir) || dir < 0)
		return;

	close(dir);
	if (shmem_objects_for_each(root, map_object, NULL))
		pr_warn("Not all shared memory is mapped before the tasks are stopped\n");

	have_workers = shmem_workers_start(mappings, nr_mappings);
	for (i = 0; i < nr_mappings; i++) {
		if (!have_workers && mappings[i].fd >= 0)
			fill_object(&mappings[i]);
		close_safe(&mappings[i].fd);
	}
}

const struct shmem_mapping *shmem_mapped(const struct stat *st, unsigned long shmid)
{
	size_t i;

	for (i = 0; i < nr_mappings; i++) {
		const struct shmem_mapping *m = &mappings[i];

		if (m->dev == st->st_dev && m->ino == st->st_ino && m->shmid == shmid)
			return m;
	}

	return NULL;
}
