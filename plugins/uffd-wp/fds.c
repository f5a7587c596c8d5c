// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "context.h"
#include "fds.h"
#include "policy.h"
#include "proc.h"

/* What /proc/PID/fdinfo/N says. */
struct open_file {
	unsigned int flags; /* O_DIRECT in doubt, 0 when it was closed */
	int mount;	    /* its id in mountinfo, or -1 */
};

static struct open_file open_file(pid_t pid, const char *name)
{
	struct open_file file = { .flags = O_DIRECT, .mount = -1 };
	char path[16 + NAME_MAX], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "fdinfo/%s", name);
	f = proc_fopen(pid, path);
	if (!f) {
		file.flags = proc_in_doubt() ? O_DIRECT : 0;
		return file;
	}

	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "flags: %o", &file.flags);
		sscanf(line, "mnt_id: %d", &file.mount);
	}

	fclose(f);
	return file;
}

/* The type of the file system that is mounted there. False: it is not known. */
static bool find_fstype(pid_t pid, int mount, char fstype[64])
{
	FILE *f = proc_fopen(pid, "mountinfo");
	bool found = false;
	char *line = NULL;
	const char *rest;
	size_t size = 0;
	int id;

	if (!f)
		return false;

	while (!found && getline(&line, &size, f) > 0) {
		rest = strstr(line, " - ");
		found = rest && sscanf(line, "%d ", &id) == 1 && id == mount && sscanf(rest, " - %63s", fstype) == 1;
	}

	free(line);
	fclose(f);
	return found;
}

/* Of a file with O_DIRECT: whether what it reads into memory may go unseen by a scan. */
static bool is_unseen(pid_t pid, int dirfd, const char *name, const struct open_file *file)
{
	char fstype[64];
	struct stat st;

	if (!context_reports_pinned() || !find_fstype(pid, file->mount, fstype))
		return true;
	/* Before stat(2), which may wait for the server of a network file system. */
	if (!direct_io_pins(fstype, true))
		return true;
	if (fstatat(dirfd, name, &st, 0))
		return true;

	return !(S_ISBLK(st.st_mode) || (S_ISREG(st.st_mode) && direct_io_pins(fstype, false)));
}

static bool does_direct_io(pid_t pid, int dirfd, const char *name)
{
	const struct open_file file = open_file(pid, name);

	return (file.flags & O_DIRECT) && is_unseen(pid, dirfd, name, &file);
}

static void look_at(pid_t pid, int dirfd, const char *name, bool flags, struct fd_facts *facts)
{
	char target[64];
	ssize_t len;

	len = readlinkat(dirfd, name, target, sizeof(target) - 1);
	if (len <= 0)
		return;
	target[len] = '\0';

	if (!strcmp(target, "anon_inode:[io_uring]"))
		facts->io_uring = true;
	else if (!strcmp(target, "anon_inode:[userfaultfd]"))
		facts->userfaultfd = true;
	else if (flags && target[0] == '/' && !facts->direct_io) /* pipes use O_DIRECT for something else, pipe(2) */
		facts->direct_io = does_direct_io(pid, dirfd, name);
}

void fds_look(pid_t pid, bool flags, struct fd_facts *facts)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	memset(facts, 0, sizeof(*facts));
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir) {
		/* In doubt there is everything. */
		if (proc_in_doubt())
			*facts = (struct fd_facts){ .io_uring = true, .userfaultfd = true, .direct_io = true };
		return;
	}

	while ((entry = readdir(dir)))
		look_at(pid, dirfd(dir), entry->d_name, flags, facts);

	closedir(dir);
}
