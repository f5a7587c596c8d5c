// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"
#include "keeper-path.h"
#include "scan.h"
#include "uapi.h"

#define MANY_FDS 253 /* SCM_MAX_FD of the kernel */

const char *keeper_path;
const char *test_argument;

static void __attribute__((noreturn)) finish(int status, const char *format, va_list args)
{
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
	_exit(status);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	finish(1, format, args);
}

void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	finish(77, format, args);
}

void sleep_ms(int ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

int connect_keeper(void)
{
	const char *why = "?";
	int sk;

	sk = keeper_connect_or_start(keeper_path, &why);
	if (sk < 0)
		fail("can't start %s: %s (%s)", keeper_path, why, strerror(-sk));
	return sk;
}

int connect_raw(void)
{
	struct sockaddr_un address;
	int sk, ret;

	sk = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	must(sk >= 0);
	keeper_address(&address);
	if (!connect(sk, (struct sockaddr *)&address, sizeof(address)))
		return sk;

	ret = -errno;
	close(sk);
	return ret;
}

pid_t keeper_pid(int sk)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	must(getsockopt(sk, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0);
	must(peer.pid > 0);
	return peer.pid;
}

bool is_alive(pid_t pid)
{
	char path[64], state = 'X';
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "re");
	if (!stat)
		return false;
	if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
		state = 'X';
	fclose(stat);
	return state != 'Z' && state != 'X';
}

int count_fds(pid_t pid)
{
	char path[64];
	DIR *dir;
	int nr = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	must(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr - 2;
}

static bool runs_keeper(pid_t pid)
{
	char path[64], exe[4096];
	char *real = realpath(keeper_path, NULL);
	ssize_t len;
	bool same;

	must(real);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	len = readlink(path, exe, sizeof(exe) - 1);
	exe[len < 0 ? 0 : len] = '\0';
	same = !strcmp(exe, real);
	free(real);
	return same;
}

int count_keepers(void)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	int nr = 0;

	must(dir);
	while ((entry = readdir(dir)))
		if (atoi(entry->d_name) > 0 && runs_keeper(atoi(entry->d_name)))
			nr++;
	closedir(dir);
	return nr;
}

void end_keeper(pid_t pid)
{
	must(kill(pid, SIGTERM) == 0);
	must_become(!is_alive(pid), 3000);
}

/* In the subject, at the same address in all: they are children of one process. */
static char *subject_page;

static int open_context(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)subject_page, .len = getpagesize() },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	int uffd;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		_exit(3);
	return uffd;
}

static void __attribute__((noreturn)) run_subject(int sk)
{
	int uffd = open_context();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (send_raw(sk, "", 1, 1, uffd))
		_exit(4);
	close(uffd);
	for (;;)
		pause();
}

static int receive_fd(int sk)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(sk, &hdr, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&hdr))
		skip("a task can't open an asynchronous userfaultfd");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&hdr)), sizeof(fd));
	return fd;
}

void subject_start(struct subject *s)
{
	int sk[2];

	if (!subject_page) {
		subject_page = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(subject_page != MAP_FAILED);
	}

	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sk) == 0);
	s->pid = fork();
	must(s->pid >= 0);
	if (!s->pid) {
		close(sk[0]);
		run_subject(sk[1]);
	}
	close(sk[1]);
	s->uffd = receive_fd(sk[0]);
	close(sk[0]);

	s->pidfd = syscall(SYS_pidfd_open, s->pid, 0);
	must(s->pidfd >= 0);
	must_return(task_id_read(s->pid, &s->id), 0);
}

void subject_end(struct subject *s)
{
	kill(s->pid, SIGKILL);
	must(waitpid(s->pid, NULL, 0) == s->pid);
	if (s->uffd >= 0)
		close(s->uffd);
	if (s->pidfd >= 0)
		close(s->pidfd);
}

int subject_is_tracked(const struct subject *s)
{
	uint64_t start = (uintptr_t)subject_page;
	char path[64];
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", s->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	ret = scan_is_wp_async(fd, start, start + getpagesize());
	close(fd);
	return ret;
}

int send_raw(int sk, const void *buf, size_t len, int nr, int fd)
{
	union {
		char buf[CMSG_SPACE(MANY_FDS * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	int i;

	if (nr) {
		hdr.msg_control = control.buf;
		hdr.msg_controllen = CMSG_SPACE(nr * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&hdr);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nr * sizeof(int));
		for (i = 0; i < nr; i++)
			memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &fd, sizeof(fd));
	}

	return sendmsg(sk, &hdr, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int answer(int sk)
{
	UffdWp__Response *rsp;
	struct wire_fds fds;
	int ret;

	ret = wire_recv_response(sk, 0, &rsp, &fds);
	if (ret)
		return ret;

	ret = rsp->error;
	wire_close_fds(&fds);
	uffd_wp__response__free_unpacked(rsp, NULL);
	return ret;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s KEEPER [ARGUMENT]\n", argv[0]);
		return 2;
	}

	keeper_path = argv[1];
	test_argument = argv[2];
	test();
	return 0;
}
