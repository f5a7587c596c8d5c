// SPDX-License-Identifier: GPL-2.0
/* Tasks are dropped when they exit; the keeper ends when it has held nothing and nobody was connected for 5 s. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common.h"

#define IDLE_MS 5000 /* IDLE_EXIT_MS of the keeper */

static size_t held(int sk)
{
	struct keeper_entry *entries;
	size_t nr;

	must_return(keeper_list(sk, &entries, &nr), 0);
	free(entries);
	return nr;
}

void test(void)
{
	struct subject a, b;
	struct stat st;
	int64_t start;
	int sk, fds;
	pid_t pid;

	subject_start(&a);
	subject_start(&b);
	sk = connect_keeper();
	pid = keeper_pid(sk);
	fds = count_fds(pid);
	must_return(keeper_put(sk, &a.id, a.uffd, a.pidfd), 0);
	must_return(keeper_put(sk, &b.id, b.uffd, b.pidfd), 0);
	must(held(sk) == 2 && count_fds(pid) == fds + 4);

	/* Our own descriptors of it stay open: they must not matter. */
	kill(a.pid, SIGKILL);
	must_become(held(sk) == 1, 1000);
	must(count_fds(pid) == fds + 2);

	/* Holding a task, it stays. */
	close(sk);
	sleep_ms(IDLE_MS + 1000);
	must(is_alive(pid));
	sk = keeper_connect(NULL);
	must(sk >= 0 && held(sk) == 1);

	/* Having a client, it stays. */
	must_return(keeper_drop(sk, &b.id), 0);
	must(held(sk) == 0 && count_fds(pid) == fds);
	sleep_ms(IDLE_MS + 500);
	must(is_alive(pid));

	start = now_ms();
	close(sk);
	must_become(!is_alive(pid), IDLE_MS + 2000);
	if (now_ms() - start < IDLE_MS - 100)
		fail("it ended after %lld ms", (long long)(now_ms() - start));
	must(lstat(KEEPER_SOCKET, &st) != 0 && errno == ENOENT);
	subject_end(&a);
	subject_end(&b);
}
