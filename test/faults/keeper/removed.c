// SPDX-License-Identifier: GPL-2.0
/* A keeper that can't be found any more ends, so that another one can track its tasks. */
#include <signal.h>
#include <sys/stat.h>

#include "common.h"

static void try(const char *what, const char *command)
{
	struct subject s;
	struct stat st;
	int sk, next;
	pid_t pid;

	subject_start(&s);
	sk = connect_keeper();
	pid = keeper_pid(sk);
	must_return(keeper_put(sk, &s.id, s.uffd, s.pidfd), 0);
	close(s.uffd);
	s.uffd = -1;

	if (system(command))
		fail("%s: '%s' failed", what, command);
	must_become(!is_alive(pid), 1000);
	must_become(subject_is_tracked(&s) == 0, 1000);
	close(sk);

	next = connect_keeper();
	must(keeper_pid(next) != pid);
	must_return(keeper_hello(next), 0);
	must(lstat(KEEPER_SOCKET, &st) == 0);
	end_keeper(keeper_pid(next));
	close(next);
	subject_end(&s);
}

/* Other things that happen in there do not matter. */
static void test_unrelated(void)
{
	int sk = connect_keeper();
	pid_t pid = keeper_pid(sk);

	must(system("cd " KEEPER_DIR " && touch other && mv other more && rm more") == 0);
	must_return(keeper_hello(sk), 0);
	/* Exchanged for a file of somebody else's, which must survive the end of the keeper. */
	must(system("cd " KEEPER_DIR " && touch new && mv new uffd-wp-keeper.sock") == 0);
	must_become(!is_alive(pid), 1000);
	must(system("test -f " KEEPER_SOCKET " && rm " KEEPER_SOCKET) == 0);
	close(sk);
}

void test(void)
{
	try("socket removed", "rm " KEEPER_SOCKET);
	try("socket renamed", "mv " KEEPER_SOCKET " " KEEPER_SOCKET ".old");
	try("directory removed", "rm -r " KEEPER_DIR);
	try("directory renamed", "mv " KEEPER_DIR " /run/old");
	test_unrelated();
}
