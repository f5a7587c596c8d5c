#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef CONFIG_HAS_XXHASH
#include <xxhash.h>
/* Picks what is fastest on the processor that runs. */
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#endif
#endif

#include "crtools.h"
#include "image.h"
#include "images/inventory.pb-c.h"
#include "int.h"
#include "log.h"
#include "page.h"
#include "servicefd.h"
#include "shmem-hashes.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "shmem: "

#define MAGIC	   "criu-shmem-xxh3"
#define FIRST_HASH 4096 /* bytes: where hashes begin in the file, that of page 0 first */

/* In the byte order of the machine. */
struct header {
	char magic[16];
	u64 shmid;
	char run_id[RUN_ID_HASH_LENGTH];
};

struct shmem_hashes {
	unsigned long shmid;
	int fd, parent_fd; /* parent_fd -1: there is no table of the parent */
	struct shmem_hash *now, *before;
	size_t first, nr, room;
};

#ifdef CONFIG_HAS_XXHASH
bool shmem_hashes_available(void)
{
	return true;
}

static struct shmem_hash hash_page(const char *page)
{
	XXH128_hash_t h = XXH3_128bits(page, PAGE_SIZE);

	return (struct shmem_hash){ .low = h.low64, .high = h.high64 };
}
#else
bool shmem_hashes_available(void)
{
	return false;
}

static struct shmem_hash hash_page(const char *page)
{
	return (struct shmem_hash){};
}
#endif

void shmem_hash_pages(const char *live, size_t nr, struct shmem_hash *hashes)
{
	size_t i;

	for (i = 0; i < nr; i++)
		hashes[i] = hash_page(live + i * PAGE_SIZE);
}

static int open_table(int dir, unsigned long shmid, int flags)
{
	char name[64];

	snprintf(name, sizeof(name), "shmem-hashes-%lu", shmid);
	return openat(dir, name, flags | O_CLOEXEC, 0600);
}

/* Of the run that made the parent images; empty if that is not known. */
static const char *parent_run_id(void)
{
	static char run_id[RUN_ID_HASH_LENGTH];
	static bool is_known;
	InventoryEntry *ie;

	if (is_known)
		return run_id;

	is_known = true;
	ie = get_parent_inventory();
	if (ie && ie->dump_criu_run_id)
		snprintf(run_id, sizeof(run_id), "%s", ie->dump_criu_run_id);
	if (ie)
		inventory_entry__free_unpacked(ie, NULL);
	return run_id;
}

static bool is_of_parent(int fd, unsigned long shmid)
{
	struct header h = {};

	return pread(fd, &h, sizeof(h), 0) == sizeof(h) && !strncmp(h.magic, MAGIC, sizeof(h.magic)) && h.shmid == shmid &&
	       h.run_id[0] && !strncmp(h.run_id, parent_run_id(), sizeof(h.run_id));
}

static int open_parent_table(unsigned long shmid)
{
	int dir, fd;

	if (open_parent(get_service_fd(IMG_FD_OFF), &dir) || dir < 0)
		return -1;

	fd = open_table(dir, shmid, O_RDONLY);
	close(dir);
	if (fd >= 0 && !is_of_parent(fd, shmid)) {
		pr_warn("The hashes of 0x%lx are not those of the parent images\n", shmid);
		close_safe(&fd);
	}
	return fd;
}

struct shmem_hashes *shmem_hashes_open(unsigned long shmid, bool has_parent)
{
	struct shmem_hashes *h;

	h = xzalloc(sizeof(*h));
	if (!h)
		return NULL;

	h->shmid = shmid;
	h->fd = open_table(get_service_fd(IMG_FD_OFF), shmid, O_WRONLY | O_CREAT | O_TRUNC);
	if (h->fd < 0) {
		pr_perror("Can't make the table of hashes of 0x%lx", shmid);
		xfree(h);
		return NULL;
	}

	h->parent_fd = has_parent ? open_parent_table(shmid) : -1;
	return h;
}

bool shmem_hashes_have_parent(const struct shmem_hashes *h)
{
	return h->parent_fd >= 0;
}

static int make_room(struct shmem_hashes *h, size_t nr)
{
	if (nr <= h->room)
		return 0;

	if (xrealloc_safe(&h->now, nr * sizeof(*h->now)) || xrealloc_safe(&h->before, nr * sizeof(*h->before)))
		return -1;

	h->room = nr;
	return 0;
}

/* What the table has not is zeros. */
static void read_before(struct shmem_hashes *h)
{
	size_t len = h->nr * sizeof(*h->before);

	memset(h->before, 0, len);
	if (h->parent_fd >= 0 && pread(h->parent_fd, h->before, len, FIRST_HASH + h->first * sizeof(*h->before)) < 0)
		pr_pwarn("Can't read the hashes of 0x%lx", h->shmid);
}

int shmem_hashes_compare(struct shmem_hashes *h, const char *live, const struct shmem_hash *known, size_t first,
			 size_t nr, bool *same)
{
	size_t i;

	if (make_room(h, nr))
		return -1;

	h->first = first;
	h->nr = nr;
	read_before(h);
	if (known)
		memcpy(h->now, known, nr * sizeof(*h->now));
	else
		shmem_hash_pages(live, nr, h->now);

	for (i = 0; i < nr; i++) {
		const struct shmem_hash *before = &h->before[i];

		same[i] = (before->low || before->high) && before->low == h->now[i].low && before->high == h->now[i].high;
	}

	return 0;
}

void shmem_hashes_leave_out(struct shmem_hashes *h, size_t i, size_t nr)
{
	memset(&h->now[i], 0, nr * sizeof(*h->now));
}

int shmem_hashes_keep(struct shmem_hashes *h)
{
	ssize_t len = h->nr * sizeof(*h->now);

	if (pwrite(h->fd, h->now, len, FIRST_HASH + h->first * sizeof(*h->now)) == len)
		return 0;

	pr_perror("Can't write the hashes of 0x%lx", h->shmid);
	return -1;
}

/* Last, so that a table which is not complete has none. */
static int write_header(struct shmem_hashes *h)
{
	struct header header = { .magic = MAGIC, .shmid = h->shmid };

	memcpy(header.run_id, criu_run_id, sizeof(header.run_id));
	if (pwrite(h->fd, &header, sizeof(header), 0) == sizeof(header))
		return 0;

	pr_perror("Can't write the hashes of 0x%lx", h->shmid);
	return -1;
}

int shmem_hashes_close(struct shmem_hashes *h, bool complete)
{
	int ret = 0;

	if (!h)
		return 0;

	if (complete)
		ret = write_header(h);

	close_safe(&h->parent_fd);
	close_safe(&h->fd);
	xfree(h->now);
	xfree(h->before);
	xfree(h);
	return ret;
}
