// SPDX-License-Identifier: GPL-2.0
/* What is handed over must be a userfaultfd and the pidfd of the task that is named. */
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common.h"

static int sk;

/* A pidfd of a task that has exited and was reaped. */
static int pidfd_of_dead(struct task_id *id)
{
	pid_t pid = fork();
	int fd;

	must(pid >= 0);
	if (!pid)
		pause();
	must_return(task_id_read(pid, id), 0);
	fd = syscall(SYS_pidfd_open, pid, 0);
	must(fd >= 0 && kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	return fd;
}

static void test_kinds(const struct subject *s)
{
	int other[] = { eventfd(0, EFD_CLOEXEC), open("/dev/null", O_RDWR | O_CLOEXEC),
			open("/run", O_RDONLY | O_CLOEXEC), open("/run", O_PATH | O_CLOEXEC), sk };
	size_t i;

	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		must(other[i] >= 0);
		must_return(keeper_put(sk, &s->id, other[i], s->pidfd), -EBADF);
		must_return(keeper_put(sk, &s->id, s->uffd, other[i]), -EBADF);
		if (other[i] != sk)
			close(other[i]);
	}

	must_return(keeper_put(sk, &s->id, s->pidfd, s->uffd), -EBADF);
	must_return(keeper_put(sk, &s->id, s->uffd, s->uffd), -EBADF);
	must_return(keeper_put(sk, &s->id, s->pidfd, s->pidfd), -EBADF);
}

/* A file of that name. */
static void test_false_names(const struct subject *s)
{
	int uffd = open("/run/anon_inode:[userfaultfd]", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	int pidfd = open("/run/anon_inode:[pidfd]", O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	must(uffd >= 0 && pidfd >= 0);
	must_return(keeper_put(sk, &s->id, uffd, s->pidfd), -EBADF);
	must_return(keeper_put(sk, &s->id, s->uffd, pidfd), -EBADF);
	close(uffd);
	close(pidfd);
}

static void test_tasks(const struct subject *s, const struct subject *other)
{
	struct task_id id = s->id, dead;
	int pidfd;

	must_return(keeper_put(sk, &s->id, s->uffd, other->pidfd), -EBADF);

	id.start_time++;
	must_return(keeper_put(sk, &id, s->uffd, s->pidfd), -ESRCH);
	id = s->id;
	id.pid = other->pid;
	must_return(keeper_put(sk, &id, s->uffd, s->pidfd), -EBADF);

	pidfd = pidfd_of_dead(&dead);
	must_return(keeper_put(sk, &dead, s->uffd, pidfd), -ESRCH);
	dead.pidns++;
	must_return(keeper_put(sk, &dead, s->uffd, pidfd), -ESRCH);
	close(pidfd);
}

void test(void)
{
	struct keeper_entry *entries;
	struct subject s, other;
	int idle_fds;
	size_t nr;

	subject_start(&s);
	subject_start(&other);
	sk = connect_keeper();
	idle_fds = count_fds(keeper_pid(sk));

	test_kinds(&s);
	test_false_names(&s);
	test_tasks(&s, &other);
	must_return(keeper_list(sk, &entries, &nr), 0);
	must(nr == 0);
	must(count_fds(keeper_pid(sk)) == idle_fds);

	/* And the right ones are taken. */
	must_return(keeper_put(sk, &s.id, s.uffd, s.pidfd), 0);
	must(count_fds(keeper_pid(sk)) == idle_fds + 2);
	subject_end(&s);
	subject_end(&other);
	end_keeper(keeper_pid(sk));
}
