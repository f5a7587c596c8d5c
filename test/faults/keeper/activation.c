// SPDX-License-Identifier: GPL-2.0
/* The keeper takes a listening socket from systemd: LISTEN_PID, LISTEN_FDS, descriptor 3. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common.h"
#include "keeper-path.h"

static int bind_socket(const char *path, int type)
{
	struct sockaddr_un address;
	mode_t mask = umask(0177);
	int sk = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	unlink(path);
	keeper_address(&address);
	strcpy(address.sun_path, path);
	must(sk >= 0 && bind(sk, (struct sockaddr *)&address, sizeof(address)) == 0);
	umask(mask);
	return sk;
}

static pid_t start(int sk, const char *nr_fds)
{
	char pid_string[16];
	pid_t pid = fork();

	must(pid >= 0);
	if (pid)
		return pid;

	snprintf(pid_string, sizeof(pid_string), "%d", getpid());
	setenv("LISTEN_PID", pid_string, 1);
	setenv("LISTEN_FDS", nr_fds, 1);
	/* dup2() of a descriptor to itself would leave it close-on-exec. */
	sk = fcntl(sk, F_DUPFD, 10);
	must(dup2(sk, 3) == 3);
	must(freopen("/dev/null", "w", stderr));
	execl(keeper_path, keeper_path, "--foreground", NULL);
	_exit(127);
}

static int exit_status(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_refused(const char *path, int type, bool do_listen)
{
	int sk = bind_socket(path, type);

	if (do_listen)
		must(listen(sk, 5) == 0);
	must(exit_status(start(sk, "1")) == 1);
	close(sk);
	unlink(path);
}

void test(void)
{
	struct stat st;
	int sk, client;
	pid_t pid;

	must(mkdir(KEEPER_DIR, 0700) == 0);
	sk = bind_socket(KEEPER_SOCKET, SOCK_SEQPACKET);
	must(listen(sk, 5) == 0);

	/* Who connects first waits until it is started. */
	client = connect_raw();
	must(client >= 0);
	pid = start(sk, "1");
	must_return(keeper_hello(client), 0);
	close(client);
	client = keeper_connect(NULL);
	must(client >= 0);
	must(count_keepers() == 1);

	/* There is one keeper, whoever starts the second. */
	must(exit_status(start(sk, "1")) == 3);
	close(client);

	/* It ends as usual, and the socket stays: it is systemd's, which starts it again. */
	must(exit_status(pid) == 0);
	must(lstat(KEEPER_SOCKET, &st) == 0);
	pid = start(sk, "1");
	client = keeper_connect(NULL);
	must(client >= 0);
	end_keeper(pid);
	must(exit_status(pid) == 0);
	must(lstat(KEEPER_SOCKET, &st) == 0);
	close(client);
	close(sk);

	test_refused("/run/other.sock", SOCK_SEQPACKET, true);
	test_refused(KEEPER_SOCKET, SOCK_STREAM, true);
	test_refused(KEEPER_SOCKET, SOCK_SEQPACKET, false);
}
