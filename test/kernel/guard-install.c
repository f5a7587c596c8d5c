// SPDX-License-Identifier: GPL-2.0
/* MADV_GUARD_INSTALL over protected pages of a private mapping of a file never returns. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktest.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define PAGES 8
#define SECONDS 5

/* Returns an exit status. */
static int install(void)
{
	int uffd = uffd_async();
	char *m = map(PAGES * PAGE, MAP_PRIVATE, temporary_file(PAGES * PAGE));

	if (madvise(m, PAGE, MADV_GUARD_INSTALL))
		not_applicable("no MADV_GUARD_INSTALL for files");
	m = map(PAGES * PAGE, MAP_PRIVATE, temporary_file(PAGES * PAGE));
	memset(m, 'p', PAGES * PAGE);
	uffd_register(uffd, m, PAGES * PAGE);
	uffd_protect(uffd, m, PAGES * PAGE);
	/* The second half is of markers that are there already. */
	madvise(m + PAGES / 2 * PAGE, PAGES / 2 * PAGE, MADV_DONTNEED);
	uffd_protect(uffd, m + PAGES / 2 * PAGE, PAGES / 2 * PAGE);
	alarm(SECONDS);
	if (madvise(m, PAGES * PAGE, MADV_GUARD_INSTALL))
		error("MADV_GUARD_INSTALL");
	return FIXED;
}

int main(void)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		error("fork");
	if (child == 0)
		_exit(install());
	if (waitpid(child, &status, 0) != child)
		error("waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) != FIXED)
		return WEXITSTATUS(status);
	judge(WIFSIGNALED(status), "MADV_GUARD_INSTALL over protected pages of a file %s",
	      WIFSIGNALED(status) ? "does not return" : "returns");
}
