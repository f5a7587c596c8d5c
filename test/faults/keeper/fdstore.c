// SPDX-License-Identifier: GPL-2.0
/*
 * A service manager stores the keeper's descriptors (FDSTORE in sd_notify(3)): what was held when a keeper was killed
 * is held by the next one, but for tasks that a client worked on. This test plays the manager.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common.h"
#include "keeper-path.h"

#define NOTIFY_SOCKET "/run/notify"
#define STORED_MAX    64
#define FIRST_FD      100 /* of ours, out of the way of those that are passed */

static struct {
	int fd;
	char name[64];
} stored[STORED_MAX];
static int nr_stored, listen_fd, notify_fd, nr_ready;
static pid_t keeper;

static int keep(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);

	must(copy >= 0);
	close(fd);
	return copy;
}

static int bind_socket(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask = umask(0177);
	int sk = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	must(sk >= 0 && bind(sk, (struct sockaddr *)&address, sizeof(address)) == 0);
	umask(mask);
	return keep(sk);
}

static void add(int fd, const char *name)
{
	must(nr_stored < STORED_MAX && strlen(name) < sizeof(stored->name));
	stored[nr_stored].fd = keep(fd);
	strcpy(stored[nr_stored++].name, name);
}

static void forget(const char *name)
{
	int i;

	for (i = nr_stored - 1; i >= 0; i--) {
		if (strcmp(stored[i].name, name))
			continue;
		close(stored[i].fd);
		stored[i] = stored[--nr_stored];
	}
}

/* The value of a line NAME=VALUE, in a buffer that the next call overwrites; NULL: there is none. */
static const char *value_of(const char *message, const char *name)
{
	const char *line = strstr(message, name);
	static char value[256];

	if (!line)
		return NULL;
	line += strlen(name);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\n"), line);
	return value;
}

static void handle(const char *message, const int *fds, int nr)
{
	const char *name = value_of(message, "FDNAME=");
	int i;

	if (strstr(message, "READY=1"))
		nr_ready++;
	if (strstr(message, "FDSTOREREMOVE=1"))
		forget(name);
	else if (strstr(message, "FDSTORE=1"))
		for (i = 0; i < nr; i++)
			add(fds[i], name);
	else
		must(!nr);
}

/* Does what the keeper asked for so far. */
static void drain(void)
{
	char message[1024], control[CMSG_SPACE(16 * sizeof(int))];
	struct iovec iov = { .iov_base = message, .iov_len = sizeof(message) - 1 };
	struct cmsghdr *cmsg;
	ssize_t len;

	for (;;) {
		struct msghdr hdr = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
		};
		int fds[16], nr = 0;

		len = recvmsg(notify_fd, &hdr, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (len < 0)
			break;
		message[len] = '\0';
		cmsg = CMSG_FIRSTHDR(&hdr);
		if (cmsg) {
			nr = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			memcpy(fds, CMSG_DATA(cmsg), nr * sizeof(int));
		}
		handle(message, fds, nr);
	}
	must(errno == EAGAIN);
}

static void __attribute__((noreturn)) exec_keeper(void)
{
	char names[STORED_MAX * sizeof(stored->name)] = "uffd-wp-keeper.socket", number[16];
	int i;

	snprintf(number, sizeof(number), "%d", getpid());
	setenv("LISTEN_PID", number, 1);
	snprintf(number, sizeof(number), "%d", nr_stored + 1);
	setenv("LISTEN_FDS", number, 1);
	must(dup2(listen_fd, 3) == 3);
	for (i = 0; i < nr_stored; i++) {
		must(dup2(stored[i].fd, 4 + i) == 4 + i);
		strcat(names, ":");
		strcat(names, stored[i].name);
	}
	setenv("LISTEN_FDNAMES", names, 1);
	setenv("NOTIFY_SOCKET", NOTIFY_SOCKET, 1);
	execl(keeper_path, keeper_path, "--foreground", NULL);
	_exit(127);
}

static void start_keeper(void)
{
	int ready = nr_ready;

	keeper = fork();
	must(keeper >= 0);
	if (!keeper)
		exec_keeper();
	must_become((drain(), nr_ready > ready), 3000);
}

static void end(int sig)
{
	int status;

	must(kill(keeper, sig) == 0 && waitpid(keeper, &status, 0) == keeper);
	must(sig == SIGKILL ? WIFSIGNALED(status) : status == 0);
	drain();
}

static int connect_now(void)
{
	int sk = keeper_connect(NULL);

	must(sk >= 0);
	return keep(sk);
}

/* Returns when the keeper has noticed. */
static void disconnect(int sk)
{
	int fds = count_fds(keeper);

	close(sk);
	must_become(count_fds(keeper) < fds, 5000);
}

static int hold(struct subject *s, const char *run)
{
	int sk = connect_now();

	must_return(keeper_put(sk, &s->id, s->uffd, s->pidfd), 0);
	must_return(keeper_begin(sk, &s->id, run), 0);
	must_return(keeper_commit(sk, run), 0);
	return sk;
}

/* A task that only the keeper tracks. */
static void new_subject(struct subject *s, const char *run)
{
	int sk;

	subject_start(s);
	sk = hold(s, run);
	close(s->uffd);
	s->uffd = -1;
	disconnect(sk);
	drain();
}

static void is_held(struct subject *s, const char *wanted)
{
	char epoch[KEEPER_RUN_ID_SIZE];
	int uffd, sk = connect_now();

	must_return(keeper_get(sk, &s->id, &uffd, epoch), 0);
	if (strcmp(epoch, wanted))
		fail("its epoch is \"%s\", not \"%s\"", epoch, wanted);
	close(uffd);
	must(subject_is_tracked(s) == 1);
	disconnect(sk);
}

/* Not by the keeper, and nothing of it is stored. */
static void is_lost(struct subject *s)
{
	char epoch[KEEPER_RUN_ID_SIZE];
	int uffd, sk = connect_now();

	must_return(keeper_get(sk, &s->id, &uffd, epoch), -ENOENT);
	disconnect(sk);
	drain();
	must_become(subject_is_tracked(s) == 0, 1000);
	must(nr_stored == 1 && !strcmp(stored[0].name, "state"));
}

static void restart(int sig)
{
	end(sig);
	start_keeper();
}

static void test_found_again(void)
{
	struct subject s;
	int sk;

	new_subject(&s, "run-1");
	restart(SIGKILL);
	is_held(&s, "run-1");
	/* As "systemctl restart" does it; and the mark stays, too. */
	sk = connect_now();
	must_return(keeper_foreign(sk, &s.id, true), 1);
	disconnect(sk);
	restart(SIGTERM);
	is_held(&s, "run-1");
	sk = connect_now();
	must_return(keeper_foreign(sk, &s.id, false), 1);
	must_return(keeper_drop(sk, &s.id), 0);
	disconnect(sk);
	is_lost(&s);
	restart(SIGKILL);
	is_lost(&s);
	subject_end(&s);
}

static void test_run_that_ended(void)
{
	struct subject s;
	int sk;

	/* It began, and its client is gone: the context is good, the epoch is not. */
	new_subject(&s, "run-1");
	sk = connect_now();
	must_return(keeper_begin(sk, &s.id, "run-2"), 0);
	disconnect(sk);
	restart(SIGKILL);
	is_held(&s, "");
	sk = connect_now();
	must_return(keeper_commit(sk, "run-2"), -ENOENT);
	must_return(keeper_commit(sk, "run-1"), -ENOENT);
	must_return(keeper_drop(sk, &s.id), 0);
	disconnect(sk);
	is_lost(&s);
	subject_end(&s);
}

static void test_in_use(int sig)
{
	char epoch[KEEPER_RUN_ID_SIZE];
	struct subject s;
	int sk, uffd;

	new_subject(&s, "run-1");
	sk = connect_now();
	must_return(keeper_get(sk, &s.id, &uffd, epoch), 0);
	restart(sig);
	close(uffd);
	must_return(keeper_foreign(sk, &s.id, true), -ECONNRESET);
	close(sk);
	is_lost(&s);

	/* Also one that was handed over just now. */
	subject_end(&s);
	subject_start(&s);
	sk = hold(&s, "run-1");
	close(s.uffd);
	s.uffd = -1;
	restart(sig);
	close(sk);
	is_lost(&s);
	subject_end(&s);
}

static void test_task_exits_meanwhile(void)
{
	struct subject s, other;

	new_subject(&s, "run-1");
	new_subject(&other, "run-1");
	end(SIGKILL);
	subject_end(&s);
	start_keeper();
	is_held(&other, "run-1");
	drain();
	must(nr_stored == 3);
	subject_end(&other);
	must_become((drain(), nr_stored == 1), 1000);
}

/* What is stored was spoiled between two keepers. */
static void test_spoiled(void (*spoil)(void))
{
	struct subject s;

	new_subject(&s, "run-1");
	end(SIGKILL);
	must(nr_stored == 3);
	spoil();
	start_keeper();
	is_lost(&s);
	subject_end(&s);
}

static int find(const char *name)
{
	int i;

	for (i = 0; i < nr_stored; i++)
		if (!strcmp(stored[i].name, name))
			return i;
	fail("%s is not stored", name);
}

static void lose_state(void)
{
	forget("state");
}

/* As by another version of the keeper. */
static void other_format(void)
{
	char *state = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, stored[find("state")].fd, 0);

	must(state != MAP_FAILED);
	state[14]++;
	munmap(state, 16);
}

static void other_file(void)
{
	int fd = memfd_create("other", MFD_CLOEXEC);

	must(fd >= 0);
	forget("state");
	add(fd, "state");
}

static const char *name_of_task(void)
{
	return stored[find("state") ? 0 : 1].name;
}

static void lose_pidfd(void)
{
	char name[64], path[64], link[64] = "";
	int i;

	strcpy(name, name_of_task());
	for (i = 0; i < nr_stored; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", stored[i].fd);
		must(readlink(path, link, sizeof(link) - 1) > 0);
		if (strcmp(stored[i].name, name) || strstr(link, "userfaultfd"))
			continue;
		close(stored[i].fd);
		stored[i] = stored[--nr_stored];
		return;
	}
	fail("no pidfd is stored");
}

static void another_of_the_kind(void)
{
	int fd = fcntl(stored[find(name_of_task())].fd, F_DUPFD_CLOEXEC, FIRST_FD);

	must(fd >= 0);
	add(fd, name_of_task());
}

static void other_name(void)
{
	int i;

	for (i = 0; i < nr_stored; i++)
		if (strcmp(stored[i].name, "state"))
			strcpy(stored[i].name, "t8192");
}

void test(void)
{
	/* Errors of a client that nobody serves any more. */
	signal(SIGPIPE, SIG_IGN);
	must(mkdir(KEEPER_DIR, 0700) == 0);
	listen_fd = bind_socket(KEEPER_SOCKET, SOCK_SEQPACKET);
	must(listen(listen_fd, 5) == 0);
	notify_fd = bind_socket(NOTIFY_SOCKET, SOCK_DGRAM);

	start_keeper();
	test_found_again();
	test_run_that_ended();
	test_in_use(SIGKILL);
	test_in_use(SIGTERM);
	test_task_exits_meanwhile();
	test_spoiled(lose_state);
	test_spoiled(other_format);
	test_spoiled(other_file);
	test_spoiled(lose_pidfd);
	test_spoiled(another_of_the_kind);
	test_spoiled(other_name);
	end(SIGTERM);
}
