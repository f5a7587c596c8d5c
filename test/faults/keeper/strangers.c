// SPDX-License-Identifier: GPL-2.0
/*
 * What is found at the keeper's path is not the keeper's: no client trusts it
 * and no keeper replaces it.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common.h"
#include "keeper-path.h"

#define NOBODY 65534

static const char *what; /* what is tested now, for messages */

static void clear(void)
{
	must(system("rm -rf " KEEPER_DIR) == 0);
}

static ino_t inode(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_ino;
}

/* The exit status of the keeper program, run as a client would. */
static int run_keeper(void)
{
	int status;
	pid_t pid = fork();

	must(pid >= 0);
	if (!pid) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 1);
		dup2(null, 2);
		execl(keeper_path, keeper_path, NULL);
		_exit(127);
	}
	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The client refuses with the error; no keeper starts, and nothing is changed. */
static void expect_refusal(int error, int keeper_status)
{
	ino_t dir = inode(KEEPER_DIR), sock = inode(KEEPER_SOCKET);
	const char *why = NULL;
	int ret;

	ret = keeper_connect(&why);
	if (ret != error)
		fail("%s: keeper_connect() returns %d (%s), not %d", what, ret, strerror(-ret), error);
	if (!why || !*why)
		fail("%s: no reason is given", what);

	ret = keeper_connect_or_start(keeper_path, &why);
	if (ret != error)
		fail("%s: keeper_connect_or_start() returns %d (%s), not %d", what, ret, strerror(-ret), error);

	ret = run_keeper();
	if (ret != keeper_status)
		fail("%s: the keeper exits with %d, not %d", what, ret, keeper_status);
	/* The one that gave up has told so a moment before it ends. */
	must_become(count_keepers() == 0, 1000);
	if (inode(KEEPER_DIR) != dir || inode(KEEPER_SOCKET) != sock)
		fail("%s: it was replaced", what);
	printf("%s: refused: %s\n", what, why);
}

static void test_directories(void)
{
	what = "directory of another uid";
	clear();
	must(mkdir(KEEPER_DIR, 0700) == 0 && chown(KEEPER_DIR, NOBODY, 0) == 0);
	expect_refusal(-EPERM, KEEPER_FAILED);

	what = "directory open to others";
	clear();
	must(mkdir(KEEPER_DIR, 0700) == 0 && chmod(KEEPER_DIR, 0755) == 0);
	expect_refusal(-EPERM, KEEPER_FAILED);

	what = "directory open to the group";
	clear();
	must(mkdir(KEEPER_DIR, 0700) == 0 && chmod(KEEPER_DIR, 0710) == 0);
	expect_refusal(-EPERM, KEEPER_FAILED);

	what = "symlink for a directory";
	clear();
	must(mkdir("/run/elsewhere", 0700) == 0 && symlink("/run/elsewhere", KEEPER_DIR) == 0);
	expect_refusal(-EPERM, KEEPER_FAILED);

	what = "file for a directory";
	clear();
	must(mknod(KEEPER_DIR, S_IFREG | 0600, 0) == 0);
	expect_refusal(-EPERM, KEEPER_FAILED);
}

static void new_directory(void)
{
	clear();
	must(mkdir(KEEPER_DIR, 0700) == 0);
}

static int bind_socket(int type)
{
	struct sockaddr_un address;
	mode_t mask = umask(0177);
	int sk = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	keeper_address(&address);
	must(sk >= 0 && bind(sk, (struct sockaddr *)&address, sizeof(address)) == 0);
	umask(mask);
	return sk;
}

static void test_files(void)
{
	what = "file for a socket";
	new_directory();
	must(mknod(KEEPER_SOCKET, S_IFREG | 0600, 0) == 0);
	expect_refusal(-EPERM, KEEPER_FAILED);

	what = "fifo for a socket";
	new_directory();
	must(mknod(KEEPER_SOCKET, S_IFIFO | 0600, 0) == 0);
	expect_refusal(-EPERM, KEEPER_FAILED);

	what = "dangling symlink for a socket";
	new_directory();
	must(symlink("/run/elsewhere/socket", KEEPER_SOCKET) == 0);
	expect_refusal(-EPERM, KEEPER_FAILED);

	what = "stale socket of another uid";
	new_directory();
	close(bind_socket(SOCK_SEQPACKET));
	must(chown(KEEPER_SOCKET, NOBODY, 0) == 0);
	expect_refusal(-EPERM, KEEPER_FAILED);

	what = "stale socket open to others";
	new_directory();
	close(bind_socket(SOCK_SEQPACKET));
	must(chmod(KEEPER_SOCKET, 0606) == 0);
	expect_refusal(-EPERM, KEEPER_FAILED);
}

/* Listens as another user, on a socket that is root's: whoever may write to our directory can arrange that. */
static void __attribute__((noreturn)) listen_as_nobody(int sk, int ready)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	must(setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
	must(listen(sk, 5) == 0);
	must(write(ready, "", 1) == 1);
	for (;;) {
		int client = accept(sk, NULL, NULL);
		char buf[256];

		/* Answers "fine" to whatever it is asked. */
		while (client >= 0 && recv(client, buf, sizeof(buf), 0) > 0)
			send(client, "\x08\x01\x10\x00", 4, MSG_NOSIGNAL);
		close(client);
	}
}

static void test_other_uid(void)
{
	int sk, ready[2];
	pid_t pid;
	char byte;

	what = "process of another uid";
	new_directory();
	sk = bind_socket(SOCK_SEQPACKET);
	must(pipe(ready) == 0);
	pid = fork();
	must(pid >= 0);
	if (!pid)
		listen_as_nobody(sk, ready[1]);
	close(sk);
	must(read(ready[0], &byte, 1) == 1);
	expect_refusal(-EPERM, KEEPER_FAILED);
	must(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
}

static void __attribute__((noreturn)) serve_nonsense(int sk, const char *reply, size_t len)
{
	char buf[256];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int client = accept(sk, NULL, NULL);

		while (client >= 0 && recv(client, buf, sizeof(buf), 0) > 0)
			if (len)
				send(client, reply, len, MSG_NOSIGNAL);
		close(client);
	}
}

static void test_our_uid(const char *name, int type, const char *reply, size_t len, int error)
{
	int sk;
	pid_t pid;

	what = name;
	new_directory();
	sk = bind_socket(type);
	must(listen(sk, 5) == 0);
	pid = fork();
	must(pid >= 0);
	if (!pid)
		serve_nonsense(sk, reply, len);
	close(sk);
	expect_refusal(error, KEEPER_FAILED);
	must(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
}

void test(void)
{
	test_directories();
	test_files();
	test_other_uid();
	test_our_uid("stream service of ours", SOCK_STREAM, NULL, 0, -EPERM);
	test_our_uid("service that talks nonsense", SOCK_SEQPACKET, "hello", 5, -EPROTO);
	test_our_uid("service that does not answer", SOCK_SEQPACKET, NULL, 0, -ETIMEDOUT);
	test_our_uid("keeper of another version", SOCK_SEQPACKET, "\x08\x02\x10\x00", 4, -EPROTONOSUPPORT);

	/* Against a test that refuses everything. */
	what = "nothing";
	clear();
	end_keeper(keeper_pid(connect_keeper()));
}
