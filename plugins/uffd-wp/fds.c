// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fds.h"
#include "proc.h"

/* The "flags:" line of /proc/PID/fdinfo/N, octal; O_DIRECT in doubt, 0 when it was closed. */
static unsigned int open_flags(pid_t pid, const char *name)
{
	unsigned int flags = O_DIRECT;
	char file[16 + NAME_MAX], line[128];
	FILE *f;

	snprintf(file, sizeof(file), "fdinfo/%s", name);
	f = proc_fopen(pid, file);
	if (!f)
		return proc_in_doubt() ? O_DIRECT : 0;

	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "flags: %o", &flags) == 1)
			break;

	fclose(f);
	return flags;
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
		facts->direct_io = open_flags(pid, name) & O_DIRECT;
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
