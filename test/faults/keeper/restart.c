// SPDX-License-Identifier: GPL-2.0
/* A keeper that was killed: its socket is replaced, and nothing that it held counts as tracked. */
#include <signal.h>
#include <sys/stat.h>

#include "common.h"

void test(void)
{
	char epoch[KEEPER_RUN_ID_SIZE];
	struct subject s;
	struct stat st;
	int sk, uffd;
	pid_t old;

	subject_start(&s);
	sk = connect_keeper();
	must_return(keeper_put(sk, &s.id, s.uffd, s.pidfd), 0);
	must_return(keeper_begin(sk, &s.id, "run-1"), 0);
	must_return(keeper_commit(sk, "run-1"), 0);
	close(s.uffd);
	s.uffd = -1;
	must(subject_is_tracked(&s) == 1);

	old = keeper_pid(sk);
	must(kill(old, SIGKILL) == 0);
	must_become(!is_alive(old), 2000);
	/* An answer is missed at once, not after the time limit. */
	must_return(keeper_get(sk, &s.id, &uffd, epoch), -ECONNRESET);
	close(sk);
	must(lstat(KEEPER_SOCKET, &st) == 0);
	must_return(keeper_connect(NULL), -ECONNREFUSED);
	/* The kernel has dropped the registration with the last descriptor. */
	must_become(subject_is_tracked(&s) == 0, 1000);

	sk = connect_keeper();
	must(keeper_pid(sk) != old);
	must_return(keeper_get(sk, &s.id, &uffd, epoch), -ENOENT);
	must_return(keeper_begin(sk, &s.id, "run-2"), -ENOENT);
	must_return(keeper_commit(sk, "run-1"), -ENOENT);
	end_keeper(keeper_pid(sk));
	/* Ended in order, it takes its socket along. */
	must(lstat(KEEPER_SOCKET, &st) != 0 && errno == ENOENT);
	subject_end(&s);
}
