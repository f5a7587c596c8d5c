// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "passed.h"

#define NAME_MAX_LEN 255 /* what systemd allows */

int passed_nr(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int nr;

	/* Not for us when another process between took them for its own: sd_listen_fds(3). */
	if (!pid || !fds || atol(pid) != getpid())
		return 0;

	nr = atoi(fds);
	return nr > 0 ? nr : 0;
}

/* Takes the next name off the list, separated by colons, that *names is. */
static void next_name(const char **names, char name[NAME_MAX_LEN + 1])
{
	size_t len = strcspn(*names, ":");

	name[0] = '\0';
	if (len <= NAME_MAX_LEN) {
		memcpy(name, *names, len);
		name[len] = '\0';
	}
	*names += len;
	*names += **names == ':';
}

void passed_each(void (*fn)(int fd, const char *name))
{
	const char *names = getenv("LISTEN_FDNAMES") ?: "";
	int fd, nr = passed_nr();
	char name[NAME_MAX_LEN + 1];

	for (fd = PASSED_FD; fd < PASSED_FD + nr; fd++) {
		next_name(&names, name);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fn(fd, name);
	}
}

int passed_socket(void)
{
	int fd, nr = passed_nr();
	struct stat st;

	for (fd = PASSED_FD; fd < PASSED_FD + nr; fd++)
		if (!fstat(fd, &st) && S_ISSOCK(st.st_mode))
			return fd;

	return -1;
}
