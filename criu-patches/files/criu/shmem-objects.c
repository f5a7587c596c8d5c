#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hugetlb.h"
#include "ipc_ns.h"
#include "live-tasks.h"
#include "log.h"
#include "memfd.h"
#include "namespaces.h"
#include "page.h"
#include "shmem-objects.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "shmem: "

#define MEMFD_LINK	"/memfd:"
#define SYSV_LINK	"/SYSV"
#define PRIVATE_HUGETLB "/anon_hugepage"

/* The inode number of a segment is its id, and may be that of a memfd, too. */
struct object {
	dev_t dev;
	ino_t ino;
	bool sysv;
	unsigned long shmid;
};

struct objects {
	shmem_object_fn fn;
	void *arg;
	struct object *seen;
	size_t nr;
};

static bool is_shared_memory(dev_t dev)
{
	return is_memfd(dev) || is_hugetlb_dev(dev, NULL);
}

static bool starts_with(const char *s, const char *start)
{
	return !strncmp(s, start, strlen(start));
}

static bool is_seen(const struct objects *o, dev_t dev, ino_t ino, bool sysv)
{
	size_t i;

	for (i = 0; i < o->nr; i++)
		if (o->seen[i].dev == dev && o->seen[i].ino == ino && o->seen[i].sysv == sysv)
			return true;

	return false;
}

static bool is_used(const struct objects *o, unsigned long shmid)
{
	size_t i;

	for (i = 0; i < o->nr; i++)
		if (o->seen[i].shmid == shmid)
			return true;

	return false;
}

static int remember(struct objects *o, const struct object *object)
{
	/* doubles: grow only at powers of two */
	if (!(o->nr & (o->nr - 1)) && xrealloc_safe(&o->seen, (o->nr ? o->nr * 2 : 1) * sizeof(*o->seen)))
		return -1;

	o->seen[o->nr++] = *object;
	return 0;
}

/* Takes the descriptor; less than 0: the object is gone. */
static int use(struct objects *o, int fd, bool sysv)
{
	struct object object;
	struct stat st;
	int ret = 0;

	if (fd < 0)
		return 0;

	/* It may be another one than that which was looked at. */
	if (fstat(fd, &st) || !is_shared_memory(st.st_dev) || is_seen(o, st.st_dev, st.st_ino, sysv))
		goto out;

	object.dev = st.st_dev;
	object.ino = st.st_ino;
	object.sysv = sysv;
	object.shmid = sysv ? st.st_ino : memfd_shmid(st.st_dev, st.st_ino);
	if (is_used(o, object.shmid)) {
		pr_info("0x%lx is the id of more than one object, one is left to the dump\n", object.shmid);
		goto out;
	}

	ret = remember(o, &object);
	if (!ret)
		ret = o->fn(fd, &st, object.shmid, o->arg);
out:
	close(fd);
	return ret;
}

static int open_mapped(pid_t pid, unsigned long start, unsigned long end)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", pid, start, end);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static int add_mapped(struct objects *o, pid_t pid)
{
	char line[PATH_MAX + 128];
	int ret = 0;
	FILE *f;

	f = live_task_fopen(pid, "maps");
	if (!f)
		return 0;

	while (!ret && fgets(line, sizeof(line), f)) {
		unsigned long start, end, ino;
		unsigned int major, minor;
		char perms[8];
		int path = 0;
		bool sysv;
		dev_t dev;

		if (sscanf(line, "%lx-%lx %7s %*x %x:%x %lu %n", &start, &end, perms, &major, &minor, &ino, &path) < 6)
			continue;

		dev = makedev(major, minor);
		if (!is_shared_memory(dev) || (perms[3] == 'p' && starts_with(line + path, PRIVATE_HUGETLB)))
			continue;

		sysv = starts_with(line + path, SYSV_LINK);
		if (!is_seen(o, dev, ino, sysv))
			ret = use(o, open_mapped(pid, start, end), sysv);
	}

	fclose(f);
	return ret;
}

static int add_open_one(struct objects *o, int dir, const char *name)
{
	char link[sizeof(MEMFD_LINK)] = "";
	struct stat st;

	/* Only what is known to be a memfd is opened: of other files that may be noticed. */
	if (readlinkat(dir, name, link, strlen(MEMFD_LINK)) != strlen(MEMFD_LINK) || !starts_with(link, MEMFD_LINK))
		return 0;
	if (fstatat(dir, name, &st, 0) || !is_shared_memory(st.st_dev) || is_seen(o, st.st_dev, st.st_ino, false))
		return 0;

	return use(o, openat(dir, name, O_RDONLY | O_CLOEXEC), false);
}

static int add_open(struct objects *o, pid_t pid)
{
	struct dirent *de;
	char path[64];
	int ret = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return 0;

	while (!ret && (de = readdir(dir)))
		if (de->d_name[0] != '.')
			ret = add_open_one(o, dirfd(dir), de->d_name);

	closedir(dir);
	return ret;
}

/* A descriptor of a segment of the current IPC namespace that nobody has attached. */
static int open_segment(int id, size_t size)
{
	void *addr = shmat(id, NULL, SHM_RDONLY);
	int fd;

	if (addr == (void *)-1)
		return -1;

	fd = open_mapped(getpid(), (unsigned long)addr, (unsigned long)addr + round_up(size, PAGE_SIZE));
	shmdt(addr);
	return fd;
}

/* Attached ones were found already: attaching them would show in what shmctl(2) says of them. */
static int add_segments(struct objects *o)
{
	struct shmid_ds status;
	struct shm_info info;
	int i, id, last, ret = 0;

	last = shmctl(0, SHM_INFO, (void *)&info);
	for (i = 0; i <= last && !ret; i++) {
		id = shmctl(i, SHM_STAT, &status);
		if (id >= 0 && !status.shm_nattch && !is_used(o, id))
			ret = use(o, open_segment(id, status.shm_segsz), true);
	}

	return ret;
}

static bool has_own_ipc_ns(pid_t pid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", pid);
	return !stat("/proc/self/ns/ipc", &ours) && !stat(path, &theirs) && ours.st_ino != theirs.st_ino;
}

/* Segments are dumped with their namespace; those of our own are not the tasks'. */
static int add_segments_of(struct objects *o, pid_t root)
{
	int ns, ret;

	if (!has_own_ipc_ns(root) || switch_ns(root, &ipc_ns_desc, &ns))
		return 0;

	ret = add_segments(o);
	return restore_ns(ns, &ipc_ns_desc) ? -1 : ret;
}

int shmem_objects_for_each(pid_t root, shmem_object_fn fn, void *arg)
{
	struct objects o = { .fn = fn, .arg = arg };
	struct live_tasks tasks = {};
	size_t i;
	int ret;

	/* Its pre-dump is complete without. */
	if (strchr("ZX", live_task_state(root)))
		return 0;

	ret = live_tasks_collect(root, &tasks);
	for (i = 0; i < tasks.nr && !ret; i++) {
		ret = add_mapped(&o, tasks.tasks[i].pid);
		if (!ret)
			ret = add_open(&o, tasks.tasks[i].pid);
	}

	if (!ret)
		ret = add_segments_of(&o, root);

	live_tasks_free(&tasks);
	xfree(o.seen);
	return ret;
}
