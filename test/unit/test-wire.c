// SPDX-License-Identifier: GPL-2.0
/* Packets: what is taken, what is refused, and that no descriptor stays behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"
#include "wire.h"

#define MANY_FDS 20

struct pair {
	int a, b;
	int nr_fds; /* descriptors open in the process when the test began */
};

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int nr = 0;

	assert_non_null(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

static int setup(void **state)
{
	static struct pair pair;
	int sk[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sk))
		return -1;
	pair = (struct pair){ .a = sk[0], .b = sk[1], .nr_fds = count_fds() };
	*state = &pair;
	return 0;
}

static int teardown(void **state)
{
	struct pair *pair = *state;

	close(pair->a);
	close(pair->b);
	return 0;
}

/* Sends bytes, with nr copies of a descriptor. */
static void send_raw(int sk, const void *buf, size_t len, int nr)
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
			((int *)CMSG_DATA(cmsg))[i] = sk;
	}

	assert_int_equal(sendmsg(sk, &hdr, 0), len);
}

static size_t pack_request(UffdWp__RequestType type, uint8_t *buf)
{
	UffdWp__Request req = UFFD_WP__REQUEST__INIT;

	req.version = 1;
	req.type = type;
	req.run_id = "run";
	return uffd_wp__request__pack(&req, buf);
}

static void expect_error(struct pair *pair, int error)
{
	struct wire_fds fds;
	UffdWp__Request *req;

	assert_int_equal(wire_recv_request(pair->b, &req, &fds), error);
	assert_int_equal(count_fds(), pair->nr_fds);
}

static void request_arrives(void **state)
{
	struct pair *pair = *state;
	UffdWp__TaskRef task = UFFD_WP__TASK_REF__INIT;
	UffdWp__Request req = UFFD_WP__REQUEST__INIT, *got;
	struct wire_fds fds;

	task.pid = 7;
	task.start_time = UINT64_MAX;
	task.pidns = 0xf0000000ULL;
	req.version = 1;
	req.type = UFFD_WP__REQUEST_TYPE__BEGIN;
	req.task = &task;
	req.run_id = "some-run";
	assert_int_equal(wire_send(pair->a, &req.base, NULL), 0);

	assert_int_equal(wire_recv_request(pair->b, &got, &fds), 0);
	assert_int_equal(fds.nr, 0);
	assert_int_equal(got->version, 1);
	assert_int_equal(got->type, UFFD_WP__REQUEST_TYPE__BEGIN);
	assert_string_equal(got->run_id, "some-run");
	assert_int_equal(got->task->pid, 7);
	assert_true(got->task->start_time == UINT64_MAX);
	assert_true(got->task->pidns == 0xf0000000ULL);
	uffd_wp__request__free_unpacked(got, NULL);
	assert_int_equal(count_fds(), pair->nr_fds);
}

static void descriptors_arrive_in_order(void **state)
{
	struct pair *pair = *state;
	struct wire_fds send = { .nr = 2, .fd = { pair->a, pair->b } }, fds;
	UffdWp__Request req = UFFD_WP__REQUEST__INIT, *got;
	struct stat a, b;

	req.version = 1;
	req.type = UFFD_WP__REQUEST_TYPE__PUT;
	assert_int_equal(wire_send(pair->a, &req.base, &send), 0);
	assert_int_equal(wire_recv_request(pair->b, &got, &fds), 0);
	assert_int_equal(fds.nr, 2);
	fstat(pair->a, &a);
	fstat(fds.fd[0], &b);
	assert_int_equal(a.st_ino, b.st_ino);
	fstat(pair->b, &a);
	fstat(fds.fd[1], &b);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(fcntl(fds.fd[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(fds.fd[1], F_GETFD), FD_CLOEXEC);
	assert_int_equal(count_fds(), pair->nr_fds + 2);

	wire_close_fds(&fds);
	wire_close_fds(&fds);
	uffd_wp__request__free_unpacked(got, NULL);
	assert_int_equal(count_fds(), pair->nr_fds);
}

static void close_skips_what_was_taken(void **state)
{
	struct pair *pair = *state;
	struct wire_fds fds = { .nr = 2, .fd = { -1, dup(pair->a) } };

	wire_close_fds(&fds);
	assert_int_equal(count_fds(), pair->nr_fds);
}

static void wrong_number_of_descriptors(void **state)
{
	struct pair *pair = *state;
	uint8_t buf[64];
	int type, nr;

	for (type = UFFD_WP__REQUEST_TYPE__HELLO; type <= UFFD_WP__REQUEST_TYPE__LIST; type++) {
		for (nr = 0; nr <= MANY_FDS; nr++) {
			if (nr == (int)wire_request_nr_fds(type))
				continue;
			send_raw(pair->a, buf, pack_request(type, buf), nr);
			expect_error(pair, -EBADMSG);
		}
	}
}

static void truncated(void **state)
{
	struct pair *pair = *state;
	UffdWp__TaskRef task = UFFD_WP__TASK_REF__INIT;
	UffdWp__Request req = UFFD_WP__REQUEST__INIT;
	uint8_t buf[256];
	size_t len, cut;
	int nr;

	task.pid = 1;
	task.start_time = 1ULL << 40;
	req.version = 1;
	req.type = UFFD_WP__REQUEST_TYPE__PUT;
	req.task = &task;
	req.run_id = "some-run";
	len = uffd_wp__request__pack(&req, buf);

	for (nr = 0; nr <= 3; nr++) {
		/* Fields are in their order: without the end of task or run_id it is no message. */
		for (cut = 1; cut < len; cut++) {
			UffdWp__Request *whole = uffd_wp__request__unpack(NULL, cut, buf);

			if (whole) {
				uffd_wp__request__free_unpacked(whole, NULL);
				continue;
			}
			send_raw(pair->a, buf, cut, nr);
			expect_error(pair, -EBADMSG);
		}
	}
}

static void garbage(void **state)
{
	struct pair *pair = *state;
	uint8_t buf[512];
	int i, refused = 0;
	size_t len, j;

	srandom(4711);
	for (i = 0; i < 20000; i++) {
		struct wire_fds fds;
		UffdWp__Request *req;
		int nr = random() % 4, ret;

		len = 1 + random() % sizeof(buf);
		for (j = 0; j < len; j++)
			buf[j] = random();
		send_raw(pair->a, buf, len, nr);
		ret = wire_recv_request(pair->b, &req, &fds);
		if (!ret) {
			wire_close_fds(&fds);
			uffd_wp__request__free_unpacked(req, NULL);
		} else {
			assert_int_equal(ret, -EBADMSG);
			refused++;
		}
	}
	assert_int_equal(count_fds(), pair->nr_fds);
	assert_true(refused > 19000);
}

static void oversized(void **state)
{
	struct pair *pair = *state;
	static const size_t lengths[] = { WIRE_MAX + 1, 2 * WIRE_MAX, 100000 };
	uint8_t *buf = calloc(1, 100000);
	size_t i, len;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		send_raw(pair->a, buf, lengths[i], 2);
		expect_error(pair, -EMSGSIZE);
	}

	/* Also when what fits is a message: fields that are not known, number 15, varint, 0. */
	for (len = pack_request(UFFD_WP__REQUEST_TYPE__HELLO, buf); len + 2 <= 100000; len += 2) {
		buf[len] = 15 << 3;
		buf[len + 1] = 0;
	}
	for (i = 0; i < 2; i++) {
		send_raw(pair->a, buf, WIRE_MAX + 1 + i, 0);
		expect_error(pair, -EMSGSIZE);
	}
	free(buf);
}

static void too_long_to_send(void **state)
{
	struct pair *pair = *state;
	UffdWp__Request req = UFFD_WP__REQUEST__INIT;
	char *run_id = malloc(WIRE_MAX + 1);

	memset(run_id, 'x', WIRE_MAX);
	run_id[WIRE_MAX] = '\0';
	req.version = 1;
	req.type = UFFD_WP__REQUEST_TYPE__COMMIT;
	req.run_id = run_id;
	assert_int_equal(wire_send(pair->a, &req.base, NULL), -EMSGSIZE);
	expect_error(pair, -EAGAIN);
	free(run_id);
}

static void empty_packet(void **state)
{
	struct pair *pair = *state;

	send_raw(pair->a, "", 0, 0);
	expect_error(pair, -ECONNRESET);
	send_raw(pair->a, "", 0, 2);
	expect_error(pair, -ECONNRESET);
	send_raw(pair->a, "", 0, MANY_FDS);
	expect_error(pair, -EBADMSG);
}

static void closed_connection(void **state)
{
	struct pair *pair = *state;
	UffdWp__Request req = UFFD_WP__REQUEST__INIT;

	expect_error(pair, -EAGAIN);
	shutdown(pair->a, SHUT_RDWR);
	expect_error(pair, -ECONNRESET);
	req.version = 1;
	req.type = UFFD_WP__REQUEST_TYPE__HELLO;
	/* No SIGPIPE. */
	assert_int_equal(wire_send(pair->b, &req.base, NULL), -EPIPE);
}

static void missing_required_field(void **state)
{
	struct pair *pair = *state;
	static const uint8_t only_version[] = { 0x08, 0x01 }, only_type[] = { 0x10, 0x01 };

	send_raw(pair->a, only_version, sizeof(only_version), 0);
	expect_error(pair, -EBADMSG);
	send_raw(pair->a, only_type, sizeof(only_type), 0);
	expect_error(pair, -EBADMSG);
}

/* Of a response, an error decides how many descriptors there are. */
static void response_descriptors(void **state)
{
	struct pair *pair = *state;
	int error, sent, wanted;

	for (error = 0; error <= 1; error++) {
		for (sent = 0; sent <= 2; sent++) {
			for (wanted = 0; wanted <= 1; wanted++) {
				struct wire_fds send = { .nr = sent, .fd = { pair->a, pair->a } }, fds;
				UffdWp__Response rsp = UFFD_WP__RESPONSE__INIT, *got;
				int ret;

				rsp.version = 1;
				rsp.error = error ? -ENOENT : 0;
				assert_int_equal(wire_send(pair->a, &rsp.base, &send), 0);
				ret = wire_recv_response(pair->b, wanted, &got, &fds);
				assert_int_equal(ret, sent == (error ? 0 : wanted) ? 0 : -EBADMSG);
				if (!ret) {
					wire_close_fds(&fds);
					uffd_wp__response__free_unpacked(got, NULL);
				}
				assert_int_equal(count_fds(), pair->nr_fds);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(request_arrives, setup, teardown),
		cmocka_unit_test_setup_teardown(descriptors_arrive_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(close_skips_what_was_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_number_of_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(truncated, setup, teardown),
		cmocka_unit_test_setup_teardown(garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(oversized, setup, teardown),
		cmocka_unit_test_setup_teardown(too_long_to_send, setup, teardown),
		cmocka_unit_test_setup_teardown(empty_packet, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_connection, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_required_field, setup, teardown),
		cmocka_unit_test_setup_teardown(response_descriptors, setup, teardown),
	};

	return cmocka_run_group_tests_name("packets", tests, NULL, NULL);
}
