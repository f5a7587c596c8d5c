// SPDX-License-Identifier: GPL-2.0
/* Many clients start the keeper at once, also while an old one ends: all get one and the same. */
#include <signal.h>
#include <sys/wait.h>

#include "common.h"

#define CLIENTS 8
#define ROUNDS	12

/* Exits when told to, so that all clients are connected at the same time. */
static void __attribute__((noreturn)) run_client(int start_fd, int pid_fd)
{
	char byte;
	pid_t pid;
	int sk;

	must(read(start_fd, &byte, 1) == 0);
	sk = connect_keeper();
	pid = keeper_pid(sk);
	must(write(pid_fd, &pid, sizeof(pid)) == sizeof(pid));
	pause();
	_exit(0);
}

/* The keeper's pid. end: a keeper that gets SIGTERM at the same moment; 0: none. */
static pid_t start_all(pid_t end)
{
	int start[2], pids[2], i;
	pid_t client[CLIENTS], pid, first = 0;

	must(pipe(start) == 0 && pipe(pids) == 0);
	for (i = 0; i < CLIENTS; i++) {
		client[i] = fork();
		must(client[i] >= 0);
		if (!client[i]) {
			close(start[1]);
			run_client(start[0], pids[1]);
		}
	}
	close(pids[1]);
	close(start[0]);
	close(start[1]);
	if (end)
		kill(end, SIGTERM);

	for (i = 0; i < CLIENTS; i++) {
		if (read(pids[0], &pid, sizeof(pid)) != sizeof(pid))
			fail("a client got no keeper");
		/* One that was quick may have met the old one. */
		if (pid == end)
			continue;
		if (first && pid != first)
			fail("two keepers at once: %d and %d", first, pid);
		first = pid;
	}
	close(pids[0]);

	must(first > 0 || end);
	for (i = 0; i < CLIENTS; i++) {
		kill(client[i], SIGKILL);
		must(waitpid(client[i], NULL, 0) == client[i]);
	}

	return first;
}

void test(void)
{
	pid_t pid;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pid = start_all(0);
		must_become(count_keepers() == 1, 2000);
		if (i % 2)
			kill(pid, SIGKILL);
		else
			kill(pid, SIGTERM);
		must_become(count_keepers() == 0, 3000);
	}

	pid = start_all(0);
	for (i = 0; i < ROUNDS; i++) {
		pid_t next = start_all(pid);

		must_become(!is_alive(pid), 3000);
		/* All were quicker than the signal: start one for the next round. */
		pid = next ? next : start_all(0);
		must_become(count_keepers() == 1, 2000);
	}
	end_keeper(pid);
}
