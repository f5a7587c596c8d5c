// SPDX-License-Identifier: GPL-2.0
/* Somebody of another uid gets nothing, even if the modes of directory and socket let him through. */
#include <sys/stat.h>
#include <sys/wait.h>

#include "common.h"

#define NOBODY 65534

/* 0: refused. */
static void __attribute__((noreturn)) run_stranger(void)
{
	int sk, i;

	must(setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
	for (i = 0; i < 1000; i++) {
		UffdWp__Request req = UFFD_WP__REQUEST__INIT;

		sk = connect_raw();
		must(sk >= 0);
		req.version = UFFD_WP__PROTOCOL__VERSION;
		req.type = UFFD_WP__REQUEST_TYPE__LIST;
		wire_send(sk, &req.base, NULL);
		if (answer(sk) != -ECONNRESET)
			fail("a stranger got an answer");
		close(sk);
	}
	_exit(0);
}

void test(void)
{
	int sk = connect_keeper(), fds = count_fds(keeper_pid(sk)), status;
	pid_t pid;

	must(chmod(KEEPER_DIR, 0755) == 0 && chmod(KEEPER_SOCKET, 0666) == 0);
	pid = fork();
	must(pid >= 0);
	if (!pid)
		run_stranger();
	must(waitpid(pid, &status, 0) == pid);
	if (status)
		_exit(1);

	must_return(keeper_hello(sk), 0);
	must_become(count_fds(keeper_pid(sk)) == fds, 1000);
	/* Nor do our own clients trust such a place any more. */
	must_return(keeper_connect(NULL), -EPERM);
	end_keeper(keeper_pid(sk));
}
