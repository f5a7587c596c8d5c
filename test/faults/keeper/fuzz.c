// SPDX-License-Identifier: GPL-2.0
/*
 * Random packets, some of them nearly right, on many connections at once, for a
 * few seconds. The second argument is the seed, else it is taken from the clock.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "common.h"

#define SECONDS	    4
#define CONNECTIONS 40
#define SUBJECTS    3

static struct subject subject[SUBJECTS];
static int conn[CONNECTIONS];
static pid_t keeper;

static int any(int limit)
{
	return random() % limit;
}

static uint64_t any64(void)
{
	return (uint64_t)random() << 33 ^ (uint64_t)random() << 11 ^ random();
}

/* A request whose fields are mostly right. */
static size_t pack_any(uint8_t *buf)
{
	static char *const run_ids[] = { "run-1", "run-2", "run-3", "", "not valid", "\xff\xfe", NULL };
	UffdWp__TaskRef task = UFFD_WP__TASK_REF__INIT;
	UffdWp__Request req = UFFD_WP__REQUEST__INIT;
	const struct task_id *id = &subject[any(SUBJECTS)].id;

	req.version = any(20) ? UFFD_WP__PROTOCOL__VERSION : (uint32_t)random();
	req.type = any(20) ? 1 + any(8) : (int)any64();
	task.pid = any(10) ? id->pid : (int)any64();
	task.start_time = any(10) ? id->start_time : any64();
	task.pidns = any(10) ? id->pidns : any64();
	if (any(5))
		req.task = &task;
	req.run_id = run_ids[any(7)];
	req.has_after = any(2);
	req.after = any(2) ? any64() : (uint64_t)any(50);
	return uffd_wp__request__pack(&req, buf);
}

static size_t mutate(uint8_t *buf, size_t len, size_t size)
{
	int i;

	for (i = any(8); i > 0 && len; i--)
		buf[any(len)] ^= 1 << any(8);
	if (!any(4))
		len = any(len + 1);
	if (!any(8))
		while (len < size && any(100))
			buf[len++] = any(256);
	return len;
}

static int any_fd(void)
{
	switch (any(4)) {
	case 0:
		return subject[any(SUBJECTS)].uffd;
	case 1:
		return subject[any(SUBJECTS)].pidfd;
	default:
		return conn[any(CONNECTIONS)];
	}
}

/* Half of all hand-overs are right. */
static int send_put(int sk)
{
	const struct subject *s = &subject[any(SUBJECTS)];

	return keeper_put(sk, &s->id, s->uffd, any(2) ? s->pidfd : any_fd());
}

static int send_any(int sk)
{
	static uint8_t buf[40000];
	size_t len;
	int nr;

	switch (any(10)) {
	case 0:
		return send_put(sk);
	case 1:
		len = any(sizeof(buf));
		for (size_t i = 0; i < len; i++)
			buf[i] = random();
		break;
	case 2:
	case 3:
	case 4:
		len = mutate(buf, pack_any(buf), sizeof(buf));
		break;
	default:
		len = pack_any(buf);
	}

	nr = any(3) ? 0 : any(5);
	if (send_raw(sk, buf, len, nr, any_fd()))
		return -EPIPE;
	return any(4) ? answer(sk) : 0;
}

/* Each round on any connection; some are closed in between, with answers unread. */
static unsigned long run(void)
{
	const struct timeval timeout = { .tv_sec = 5 };
	int64_t end = now_ms() + SECONDS * 1000;
	unsigned long rounds;

	for (rounds = 0; now_ms() < end; rounds++) {
		int *sk = &conn[any(CONNECTIONS)], ret;

		if (*sk < 0) {
			*sk = connect_raw();
			must(*sk >= 0);
			must(setsockopt(*sk, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0);
		}

		ret = send_any(*sk);
		if (ret == -EAGAIN || ret == -ETIMEDOUT)
			fail("no answer within 5 s in round %lu", rounds);
		if (ret == -ECONNRESET || ret == -EPIPE || !any(30)) {
			close(*sk);
			*sk = -1;
		}
	}

	return rounds;
}

void test(void)
{
	unsigned int seed = test_argument ? strtoul(test_argument, NULL, 0) : (unsigned int)time(NULL) ^ getpid() << 16;
	int i, sk, fds;
	unsigned long rounds;

	printf("seed %u\n", seed);
	fflush(stdout);
	srandom(seed);
	for (i = 0; i < SUBJECTS; i++)
		subject_start(&subject[i]);
	sk = connect_keeper();
	keeper = keeper_pid(sk);
	fds = count_fds(keeper);

	memset(conn, -1, sizeof(conn));
	rounds = run();
	for (i = 0; i < CONNECTIONS; i++)
		if (conn[i] >= 0)
			close(conn[i]);
	for (i = 0; i < SUBJECTS; i++)
		subject_end(&subject[i]);

	/* What was put under false pids ends with the pidfd's task as well. */
	if (!is_alive(keeper))
		fail("the keeper died");
	must_return(keeper_hello(sk), 0);
	must_become(count_fds(keeper) == fds, 2000);
	printf("%lu rounds\n", rounds);
	end_keeper(keeper);
}
