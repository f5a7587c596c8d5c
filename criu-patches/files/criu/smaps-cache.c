#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/list.h"
#include "int.h"
#include "live-tasks.h"
#include "log.h"
#include "smaps-cache.h"
#include "util.h"
#include "xmalloc.h"

#undef LOG_PREFIX
#define LOG_PREFIX "smaps-cache: "

#define VMFLAGS "VmFlags:"

/* What smaps says of one VMA. */
struct smaps_vma {
	char *header; /* the line that maps has too */
	char *flags;  /* the VmFlags line */
};

struct smaps_task {
	struct list_head list;
	pid_t pid;
	struct smaps_vma *vmas; /* in order of address */
	size_t nr;
	bool has_shstk; /* a shadow stack looks like any anonymous mapping in maps */
};

static LIST_HEAD(tasks);

static unsigned long start_of(const char *header)
{
	return strtoul(header, NULL, 16);
}

/* "start-end perms offset dev inode path": nothing else in smaps begins with lower case hex digits. */
static bool is_header(const char *line)
{
	char *end;

	strtoul(line, &end, 16);
	return end != line && *end == '-';
}

static int add_vma(struct smaps_task *task, const char *header)
{
	/* doubles: grow only at powers of two */
	if (!(task->nr & (task->nr - 1)) &&
	    xrealloc_safe(&task->vmas, (task->nr ? task->nr * 2 : 1) * sizeof(*task->vmas)))
		return -1;

	task->vmas[task->nr].flags = NULL;
	task->vmas[task->nr].header = xstrdup(header);
	return task->vmas[task->nr++].header ? 0 : -1;
}

static int read_smaps(struct smaps_task *task, FILE *f)
{
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	while (!ret && getline(&line, &size, f) > 0) {
		if (is_header(line)) {
			ret = add_vma(task, line);
		} else if (task->nr && !strncmp(line, VMFLAGS, strlen(VMFLAGS))) {
			task->vmas[task->nr - 1].flags = xstrdup(line);
			if (strstr(line, " ss"))
				task->has_shstk = true;
		}
	}

	free(line);
	return ret;
}

static void free_task(struct smaps_task *task)
{
	size_t i;

	for (i = 0; i < task->nr; i++) {
		xfree(task->vmas[i].header);
		xfree(task->vmas[i].flags);
	}
	xfree(task->vmas);
	list_del(&task->list);
	xfree(task);
}

static void fill_task(pid_t pid)
{
	struct smaps_task *task;
	FILE *f;

	f = live_task_fopen(pid, "smaps");
	if (!f)
		return;

	task = xzalloc(sizeof(*task));
	if (task) {
		task->pid = pid;
		list_add_tail(&task->list, &tasks);
		if (read_smaps(task, f))
			free_task(task);
	}

	fclose(f);
}

void smaps_cache_fill(pid_t root)
{
	struct live_tasks tree = {};
	size_t i;

	if (!live_tasks_collect(root, &tree))
		for (i = 0; i < tree.nr; i++)
			fill_task(tree.tasks[i].pid);

	live_tasks_free(&tree);
}

void smaps_cache_free(void)
{
	struct smaps_task *task, *next;

	list_for_each_entry_safe(task, next, &tasks, list)
		free_task(task);
}

static struct smaps_task *find_task(pid_t pid)
{
	struct smaps_task *task;

	list_for_each_entry(task, &tasks, list)
		if (task->pid == pid)
			return task;

	return NULL;
}

/* Private, not of a file, and neither [stack] (it grows) nor [vdso] and the like. */
static bool is_plain_anonymous(const char *header)
{
	unsigned long inode;
	char shared;
	int path = 0;

	if (sscanf(header, "%*x-%*x %*c%*c%*c%c %*x %*x:%*x %lu %n", &shared, &inode, &path) != 2)
		return false;

	return shared == 'p' && !inode && (header[path] == '\0' || !strncmp(header + path, "[heap]", 6));
}

/* The flags of the VMA in this line of maps; *pos moves on in the cache. NULL if they are not known. */
static const char *find_flags(const struct smaps_task *task, size_t *pos, const char *header)
{
	unsigned long start = start_of(header);

	while (*pos < task->nr && start_of(task->vmas[*pos].header) < start)
		(*pos)++;

	if (*pos < task->nr && !strcmp(task->vmas[*pos].header, header))
		return task->vmas[*pos].flags;

	/* New or grown since. The flags that matter in a pre-dump are not those of such a mapping. */
	if (is_plain_anonymous(header) && !task->has_shstk)
		return VMFLAGS " \n";

	return NULL;
}

static int merge(const struct smaps_task *task, FILE *maps, FILE *out)
{
	const char *flags;
	char *line = NULL;
	size_t size = 0, pos = 0;
	int ret = 0;

	while (!ret && getline(&line, &size, maps) > 0) {
		flags = find_flags(task, &pos, line);
		if (!flags || fputs(line, out) < 0 || fputs(flags, out) < 0)
			ret = -1;
	}

	free(line);
	return ret;
}

/* A file with the header and VmFlags lines of the task's VMAs as they are now, or -1. */
static int open_merged(const struct smaps_task *task)
{
	FILE *maps, *out;
	int fd, ret = -1;

	fd = memfd_create("smaps", MFD_CLOEXEC);
	if (fd < 0)
		return -1;

	maps = live_task_fopen(task->pid, "maps");
	out = fdopen(dup(fd), "w");
	if (maps && out)
		ret = merge(task, maps, out);

	if (maps)
		fclose(maps);
	if (out && fclose(out))
		ret = -1;

	if (ret || lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return -1;
	}

	return fd;
}

int open_smaps(pid_t pid)
{
	struct smaps_task *task = find_task(pid);
	int fd = -1;

	if (task) {
		fd = open_merged(task);
		if (fd < 0)
			pr_info("Mappings of %d changed, smaps is read again\n", pid);
	}

	return fd >= 0 ? fd : open_proc(pid, "smaps");
}
