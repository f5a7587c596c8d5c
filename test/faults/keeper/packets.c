// SPDX-License-Identifier: GPL-2.0
/* Packets that are no requests are refused; the keeper goes on and keeps no descriptor. */
#include <sys/socket.h>

#include "common.h"

#define FIRST_TYPE UFFD_WP__REQUEST_TYPE__HELLO
#define LAST_TYPE  UFFD_WP__REQUEST_TYPE__LIST

static pid_t keeper;
static int idle_fds; /* of the keeper, without clients */

/* Sends bytes on a connection of its own and returns the answer. */
static int send_alone(const void *buf, size_t len, int nr_fds)
{
	int sk, ret;

	sk = connect_raw();
	must(sk >= 0);
	must_return(send_raw(sk, buf, len, nr_fds, sk), 0);
	ret = answer(sk);
	close(sk);
	return ret;
}

static void must_be_well(const char *after)
{
	int sk;

	if (!is_alive(keeper))
		fail("the keeper died of %s", after);

	sk = connect_keeper();
	if (keeper_pid(sk) != keeper)
		fail("the keeper died of %s", after);
	close(sk);

	must_become(count_fds(keeper) == idle_fds, 2000);
}

static UffdWp__Request new_request(UffdWp__RequestType type)
{
	static UffdWp__TaskRef task = UFFD_WP__TASK_REF__INIT;
	UffdWp__Request req = UFFD_WP__REQUEST__INIT;

	task.pid = getpid();
	task.start_time = 1;
	task.pidns = 1;
	req.version = UFFD_WP__PROTOCOL__VERSION;
	req.type = type;
	req.task = &task;
	req.run_id = "run";
	return req;
}

static void test_truncated(void)
{
	UffdWp__Request req = new_request(UFFD_WP__REQUEST_TYPE__PUT);
	uint8_t buf[256];
	size_t len = uffd_wp__request__pack(&req, buf), cut;
	int nr;

	for (cut = 1; cut < len; cut++) {
		for (nr = 0; nr <= 2; nr += 2) {
			int ret = send_alone(buf, cut, nr);

			/* Cut between two fields it is a message, but no good one: both descriptors are sockets. */
			if (ret != -ECONNRESET && ret != -EINVAL && ret != -EBADF)
				fail("a request cut at %zu is answered with %d", cut, ret);
		}
	}
	must_be_well("truncated requests");
}

/* Whatever part of it arrives is a message: a request, then fields that are not known. */
static void fill_request(uint8_t *buf, size_t size)
{
	UffdWp__Request req = new_request(UFFD_WP__REQUEST_TYPE__HELLO);
	size_t len = uffd_wp__request__pack(&req, buf);

	/* At an even place, so that a cut there falls between two fields: number 15, varint, 0. */
	if (len % 2) {
		req.run_id = "run-";
		len = uffd_wp__request__pack(&req, buf);
	}
	for (; len < size; len += 2) {
		buf[len] = 15 << 3;
		buf[len + 1] = 0;
	}
}

static void test_oversized(void)
{
	static uint8_t buf[200000];
	static const size_t lengths[] = { WIRE_MAX + 1, WIRE_MAX + 2, 100000, 200000 };
	size_t i;

	fill_request(buf, sizeof(buf));
	must_return(send_alone(buf, WIRE_MAX, 0), 0);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		must_return(send_alone(buf, lengths[i], 0), -ECONNRESET);
		must_return(send_alone(buf, lengths[i], 2), -ECONNRESET);
	}
	must_be_well("oversized packets");
}

static void test_empty(void)
{
	must_return(send_alone("", 0, 0), -ECONNRESET);
	must_return(send_alone("", 0, 1), -ECONNRESET);
	must_return(send_alone("", 0, 2), -ECONNRESET);
	must_return(send_alone("", 0, 200), -ECONNRESET);
	must_be_well("empty packets");
}

static void test_number_of_fds(void)
{
	static const int numbers[] = { 0, 1, 2, 3, 4, 10, 253 };
	uint8_t buf[256];
	int type;
	size_t i;

	for (type = FIRST_TYPE; type <= LAST_TYPE; type++) {
		UffdWp__Request req = new_request(type);
		size_t len = uffd_wp__request__pack(&req, buf);

		for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
			if (numbers[i] != (int)wire_request_nr_fds(type))
				must_return(send_alone(buf, len, numbers[i]), -ECONNRESET);
	}
	must_be_well("wrong numbers of descriptors");
}

static int send_request(const UffdWp__Request *req)
{
	uint8_t buf[1024];
	int nr = wire_request_nr_fds(req->type);

	return send_alone(buf, uffd_wp__request__pack(req, buf), nr);
}

static void test_bad_fields(void)
{
	static char *const bad_run_ids[] = { "", "a b", "a\n", "\x01", "\xc3\xa4",
					     "0123456789012345678901234567890123456789012345678901234567890123" };
	static const int with_task[] = { UFFD_WP__REQUEST_TYPE__GET, UFFD_WP__REQUEST_TYPE__PUT,
					 UFFD_WP__REQUEST_TYPE__BEGIN, UFFD_WP__REQUEST_TYPE__DROP };
	UffdWp__TaskRef nobody = UFFD_WP__TASK_REF__INIT;
	UffdWp__Request req;
	size_t i;
	int type;

	for (i = 0; i < sizeof(with_task) / sizeof(with_task[0]); i++) {
		req = new_request(with_task[i]);
		req.task = NULL;
		must_return(send_request(&req), -EINVAL);
		req.task = &nobody;
		must_return(send_request(&req), -EINVAL);
		nobody.pid = -1;
		must_return(send_request(&req), -EINVAL);
	}

	for (type = UFFD_WP__REQUEST_TYPE__BEGIN; type <= UFFD_WP__REQUEST_TYPE__ABORT; type++) {
		req = new_request(type);
		req.run_id = NULL;
		must_return(send_request(&req), -EINVAL);
		for (i = 0; i < sizeof(bad_run_ids) / sizeof(bad_run_ids[0]); i++) {
			req.run_id = bad_run_ids[i];
			must_return(send_request(&req), -EINVAL);
		}
	}

	req = new_request(99);
	must_return(send_request(&req), -EOPNOTSUPP);
	req = new_request(UFFD_WP__REQUEST_TYPE__HELLO);
	req.version++;
	must_return(send_request(&req), -EPROTONOSUPPORT);
	req = new_request(UFFD_WP__REQUEST_TYPE__LIST);
	req.has_after = 1;
	req.after = UINT64_MAX;
	must_return(send_request(&req), 0);
	must_be_well("bad fields");
}

/* Sends a whole request and goes away without the answer. */
static void test_no_wait(void)
{
	UffdWp__Request req = new_request(UFFD_WP__REQUEST_TYPE__LIST);
	int i, sk;

	for (i = 0; i < 200; i++) {
		sk = connect_raw();
		must(sk >= 0);
		must_return(wire_send(sk, &req.base, NULL), 0);
		close(sk);
	}
	must_be_well("clients that do not wait");
}

/* Asks on and on without reading an answer. */
static void test_no_read(void)
{
	UffdWp__Request req = new_request(UFFD_WP__REQUEST_TYPE__HELLO);
	int i, sk, ret = 0;

	sk = connect_raw();
	must(sk >= 0);
	for (i = 0; i < 100000 && !ret; i++)
		ret = wire_send(sk, &req.base, NULL);
	if (ret != -EPIPE && ret != -ECONNRESET)
		fail("after %d requests without reading: %d", i, ret);
	close(sk);
	must_be_well("a client that does not read");
}

/* A refused packet ends its connection, not those of others. */
static void test_others_go_on(void)
{
	int other = connect_keeper();

	must_return(send_alone("\xff", 1, 0), -ECONNRESET);
	must_return(keeper_hello(other), 0);
	close(other);
}

void test(void)
{
	int sk = connect_keeper();

	keeper = keeper_pid(sk);
	idle_fds = count_fds(keeper) - 1;
	close(sk);
	must_become(count_fds(keeper) == idle_fds, 2000);

	test_truncated();
	test_oversized();
	test_empty();
	test_number_of_fds();
	test_bad_fields();
	test_no_wait();
	test_no_read();
	test_others_go_on();
	end_keeper(keeper);
}
