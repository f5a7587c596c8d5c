// SPDX-License-Identifier: GPL-2.0
/* The requests as clients use them, on a live keeper: contexts, epochs, listing, a full table. */
#include <linux/kcmp.h>
#include <sys/syscall.h>

#include "common.h"

#define MANY	  250 /* more than fit into one response */
#define TASKS_MAX 16384

static int sk;

static void expect_epoch(const struct task_id *id, const char *wanted)
{
	char epoch[KEEPER_RUN_ID_SIZE];
	int uffd;

	must_return(keeper_get(sk, id, &uffd, epoch), 0);
	close(uffd);
	if (strcmp(epoch, wanted))
		fail("the epoch of %d is '%s', not '%s'", id->pid, epoch, wanted);
}

/* The same userfaultfd, not just any. */
static void expect_context(const struct subject *s)
{
	char epoch[KEEPER_RUN_ID_SIZE];
	int uffd, ret;

	must_return(keeper_get(sk, &s->id, &uffd, epoch), 0);
	ret = syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, s->uffd, uffd);
	close(uffd);
	if (ret)
		fail("%d has another context (kcmp: %d)", s->pid, ret);
}

static void test_epochs(struct subject *a, struct subject *b)
{
	int other = connect_keeper();

	must_return(keeper_put(sk, &a->id, a->uffd, a->pidfd), 0);
	must_return(keeper_put(sk, &b->id, b->uffd, b->pidfd), 0);
	expect_context(a);
	expect_context(b);
	expect_epoch(&a->id, "");

	must_return(keeper_begin(sk, &a->id, "run-1"), 0);
	must_return(keeper_begin(sk, &b->id, "run-1"), 0);
	expect_epoch(&a->id, "");
	/* What a connection is for does not matter. */
	must_return(keeper_commit(other, "run-1"), 0);
	expect_epoch(&a->id, "run-1");
	expect_epoch(&b->id, "run-1");
	must_return(keeper_commit(sk, "run-1"), -ENOENT);

	/* A client that dies between begin and commit leaves no valid epoch. */
	must_return(keeper_begin(other, &a->id, "run-2"), 0);
	close(other);
	expect_epoch(&a->id, "");
	expect_epoch(&b->id, "run-1");

	must_return(keeper_begin(sk, &a->id, "run-3"), 0);
	must_return(keeper_commit(sk, "run-2"), -ENOENT);
	must_return(keeper_abort(sk, "run-2"), 0);
	expect_epoch(&a->id, "");
	must_return(keeper_commit(sk, "run-3"), 0);
	expect_epoch(&a->id, "run-3");
	expect_epoch(&b->id, "run-1");

	must_return(keeper_begin(sk, &a->id, "run-4"), 0);
	must_return(keeper_abort(sk, "run-4"), 0);
	must_return(keeper_commit(sk, "run-4"), -ENOENT);
	expect_epoch(&a->id, "");
}

static void test_replace(struct subject *a, const struct subject *b)
{
	int fds = count_fds(keeper_pid(sk)), uffd = a->uffd;

	must_return(keeper_begin(sk, &a->id, "run-5"), 0);
	must_return(keeper_commit(sk, "run-5"), 0);
	/* Any userfaultfd will do here. */
	a->uffd = b->uffd;
	must_return(keeper_put(sk, &a->id, a->uffd, a->pidfd), 0);
	expect_context(a);
	expect_epoch(&a->id, "");
	must(count_fds(keeper_pid(sk)) == fds);
	a->uffd = uffd;
}

static void test_drop(struct subject *a)
{
	char epoch[KEEPER_RUN_ID_SIZE];
	struct task_id id = a->id;
	int uffd;

	id.start_time++;
	must_return(keeper_get(sk, &id, &uffd, epoch), -ENOENT);
	must_return(keeper_drop(sk, &id), -ENOENT);
	must_return(keeper_begin(sk, &id, "run-6"), -ENOENT);
	must_return(keeper_drop(sk, &a->id), 0);
	must_return(keeper_get(sk, &a->id, &uffd, epoch), -ENOENT);
	must_return(keeper_drop(sk, &a->id), -ENOENT);
}

/* Of another pid namespace, so that no task needs to have that pid. */
static struct task_id invented(const struct subject *s, int i)
{
	return (struct task_id){ .pid = i + 1, .start_time = i * 3, .pidns = s->id.pidns + 1 };
}

static int put_many(const struct subject *s, int nr)
{
	int i, ret;

	for (i = 0; i < nr; i++) {
		struct task_id id = invented(s, i);

		ret = keeper_put(sk, &id, s->uffd, s->pidfd);
		if (ret == -ENOSPC)
			break;
		must_return(ret, 0);
	}
	return i;
}

static void drop_many(const struct subject *s, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		struct task_id id = invented(s, i);

		must_return(keeper_drop(sk, &id), 0);
	}
}

static const char *long_run_id(int i)
{
	static char run[KEEPER_RUN_ID_SIZE];

	snprintf(run, sizeof(run), "%0*d", KEEPER_RUN_ID_SIZE - 1, i);
	return run;
}

/* Of four tasks the first has an epoch, the third a run under way. */
static void prepare_list(const struct subject *s)
{
	int i;

	must(put_many(s, MANY) == MANY);
	for (i = 0; i < MANY; i += 2) {
		struct task_id id = invented(s, i);

		must_return(keeper_begin(sk, &id, long_run_id(i)), 0);
		if (i % 4 == 0)
			must_return(keeper_commit(sk, long_run_id(i)), 0);
	}
}

static void test_list(const struct subject *s)
{
	struct keeper_entry *entries;
	size_t nr;
	int i;

	prepare_list(s);
	sleep_ms(30);
	must_return(keeper_list(sk, &entries, &nr), 0);
	must(nr == MANY + 1);

	/* In the order of their hand-over: the first is the subject itself. */
	must(entries[0].id.pid == s->id.pid);
	for (i = 0; i < MANY; i++) {
		const struct keeper_entry *e = &entries[i + 1];
		struct task_id id = invented(s, i);

		must(e->id.pid == id.pid && e->id.start_time == id.start_time && e->id.pidns == id.pidns);
		must(!strcmp(e->epoch, i % 4 == 0 ? long_run_id(i) : ""));
		must(!strcmp(e->pending, i % 4 == 2 ? long_run_id(i) : ""));
		must(e->age_ms >= 30 && e->age_ms < 60000);
	}
	free(entries);
	drop_many(s, MANY);
}

static void test_full_table(const struct subject *s)
{
	int fds = count_fds(keeper_pid(sk)), nr, another;
	struct task_id id;

	/* One is held already. */
	nr = put_many(s, TASKS_MAX);
	printf("room for %d tasks\n", nr + 1);
	must(nr > 100 && nr < TASKS_MAX);
	must(count_fds(keeper_pid(sk)) == fds + 2 * nr);

	/* All else goes on: connections, replacing, dropping one for another. */
	another = connect_keeper();
	close(another);
	id = invented(s, 7);
	must_return(keeper_put(sk, &id, s->uffd, s->pidfd), 0);
	must_return(keeper_drop(sk, &id), 0);
	must_return(keeper_put(sk, &id, s->uffd, s->pidfd), 0);
	drop_many(s, nr);
	must_become(count_fds(keeper_pid(sk)) == fds, 1000);
}

void test(void)
{
	struct subject a, b;
	int fds;

	subject_start(&a);
	subject_start(&b);
	sk = connect_keeper();
	fds = count_fds(keeper_pid(sk));
	test_epochs(&a, &b);
	test_replace(&a, &b);
	test_drop(&a);
	test_list(&b);
	test_full_table(&b);
	must_return(keeper_drop(sk, &b.id), 0);
	must_become(count_fds(keeper_pid(sk)) == fds, 1000);
	subject_end(&a);
	subject_end(&b);
	end_keeper(keeper_pid(sk));
}
