// SPDX-License-Identifier: GPL-2.0
/*
 * The client side of the keeper's protocol. The keeper is the other end of a
 * socket pair; its answers are queued before the client asks.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "keeper-client.h"
#include "unit.h"
#include "wire.h"

static const struct task_id task = { .pid = 42, .start_time = 1ULL << 50, .pidns = 4026531836 };

struct pair {
	int client, keeper;
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
	const struct timeval timeout = { .tv_usec = 50000 };
	static struct pair pair;
	int sk[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sk) ||
	    setsockopt(sk[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    setsockopt(sk[1], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)))
		return -1;
	pair = (struct pair){ .client = sk[0], .keeper = sk[1], .nr_fds = count_fds() };
	*state = &pair;
	return 0;
}

static int teardown(void **state)
{
	struct pair *pair = *state;

	close(pair->client);
	close(pair->keeper);
	return 0;
}

static UffdWp__Response new_response(int error)
{
	UffdWp__Response rsp = UFFD_WP__RESPONSE__INIT;

	rsp.version = UFFD_WP__PROTOCOL__VERSION;
	rsp.error = error;
	return rsp;
}

static void queue(struct pair *pair, const UffdWp__Response *rsp, int nr_fds)
{
	struct wire_fds fds = { .nr = nr_fds, .fd = { pair->keeper, pair->keeper } };

	assert_int_equal(wire_send(pair->keeper, &rsp->base, &fds), 0);
}

static void queue_error(struct pair *pair, int error)
{
	UffdWp__Response rsp = new_response(error);

	queue(pair, &rsp, 0);
}

/* The next request of the client; its descriptors are closed. */
static UffdWp__Request *asked(struct pair *pair)
{
	UffdWp__Request *req;
	struct wire_fds fds;

	assert_int_equal(wire_recv_request(pair->keeper, &req, &fds), 0);
	wire_close_fds(&fds);
	assert_int_equal(req->version, UFFD_WP__PROTOCOL__VERSION);
	return req;
}

static void expect_asked(struct pair *pair, UffdWp__RequestType type, bool with_task, const char *run_id)
{
	UffdWp__Request *req = asked(pair);

	assert_int_equal(req->type, type);
	assert_int_equal(req->task != NULL, with_task);
	if (with_task) {
		assert_int_equal(req->task->pid, task.pid);
		assert_true(req->task->start_time == task.start_time);
		assert_true(req->task->pidns == task.pidns);
	}
	if (run_id)
		assert_string_equal(req->run_id, run_id);
	else
		assert_null(req->run_id);
	uffd_wp__request__free_unpacked(req, NULL);
}

static void requests_are_what_they_should_be(void **state)
{
	struct pair *pair = *state;
	char epoch[KEEPER_RUN_ID_SIZE];
	int uffd, i;

	for (i = 0; i < 7; i++)
		queue_error(pair, -EUCLEAN);

	assert_int_equal(keeper_hello(pair->client), -EUCLEAN);
	expect_asked(pair, UFFD_WP__REQUEST_TYPE__HELLO, false, NULL);
	assert_int_equal(keeper_get(pair->client, &task, &uffd, epoch), -EUCLEAN);
	expect_asked(pair, UFFD_WP__REQUEST_TYPE__GET, true, NULL);
	assert_int_equal(keeper_put(pair->client, &task, pair->client, pair->keeper), -EUCLEAN);
	expect_asked(pair, UFFD_WP__REQUEST_TYPE__PUT, true, NULL);
	assert_int_equal(keeper_begin(pair->client, &task, "run"), -EUCLEAN);
	expect_asked(pair, UFFD_WP__REQUEST_TYPE__BEGIN, true, "run");
	assert_int_equal(keeper_commit(pair->client, "run"), -EUCLEAN);
	expect_asked(pair, UFFD_WP__REQUEST_TYPE__COMMIT, false, "run");
	assert_int_equal(keeper_abort(pair->client, "run"), -EUCLEAN);
	expect_asked(pair, UFFD_WP__REQUEST_TYPE__ABORT, false, "run");
	assert_int_equal(keeper_drop(pair->client, &task), -EUCLEAN);
	expect_asked(pair, UFFD_WP__REQUEST_TYPE__DROP, true, NULL);
	assert_int_equal(count_fds(), pair->nr_fds);
}

static void get_returns_context_and_epoch(void **state)
{
	struct pair *pair = *state;
	UffdWp__Response rsp = new_response(0);
	char epoch[KEEPER_RUN_ID_SIZE];
	struct stat sent, got;
	int uffd = -1;

	rsp.epoch = "run-1";
	queue(pair, &rsp, 1);
	assert_int_equal(keeper_get(pair->client, &task, &uffd, epoch), 0);
	assert_string_equal(epoch, "run-1");
	fstat(pair->keeper, &sent);
	fstat(uffd, &got);
	assert_int_equal(sent.st_ino, got.st_ino);
	close(uffd);
	assert_int_equal(count_fds(), pair->nr_fds);
}

static void epoch_that_makes_no_sense(void **state)
{
	struct pair *pair = *state;
	UffdWp__Response rsp = new_response(0);
	char epoch[KEEPER_RUN_ID_SIZE], longest[KEEPER_RUN_ID_SIZE + 1] = { 0 };
	int uffd;

	queue(pair, &rsp, 1);
	assert_int_equal(keeper_get(pair->client, &task, &uffd, epoch), -EPROTO);

	memset(longest, 'x', KEEPER_RUN_ID_SIZE);
	rsp.epoch = longest;
	queue(pair, &rsp, 1);
	assert_int_equal(keeper_get(pair->client, &task, &uffd, epoch), -EPROTO);
	assert_int_equal(count_fds(), pair->nr_fds);
}

static void answer_with_wrong_number_of_descriptors(void **state)
{
	struct pair *pair = *state;
	UffdWp__Response rsp = new_response(0);
	char epoch[KEEPER_RUN_ID_SIZE];
	int uffd;

	rsp.epoch = "";
	queue(pair, &rsp, 2);
	assert_int_equal(keeper_get(pair->client, &task, &uffd, epoch), -EPROTO);
	/* The connection is of no use any more. */
	assert_true(keeper_hello(pair->client) < 0);
	assert_int_equal(count_fds(), pair->nr_fds);
}

static void unwanted_descriptor(void **state)
{
	struct pair *pair = *state;
	UffdWp__Response rsp = new_response(0);

	queue(pair, &rsp, 1);
	assert_int_equal(keeper_commit(pair->client, "run"), -EPROTO);
	assert_int_equal(count_fds(), pair->nr_fds);
}

static void success_without_context(void **state)
{
	struct pair *pair = *state;
	UffdWp__Response rsp = new_response(0);
	char epoch[KEEPER_RUN_ID_SIZE];
	int uffd;

	rsp.epoch = "";
	queue(pair, &rsp, 0);
	assert_int_equal(keeper_get(pair->client, &task, &uffd, epoch), -EPROTO);
}

static void another_version(void **state)
{
	struct pair *pair = *state;
	UffdWp__Response rsp = new_response(0);
	char epoch[KEEPER_RUN_ID_SIZE];
	int uffd;

	rsp.version++;
	rsp.epoch = "";
	queue(pair, &rsp, 1);
	assert_int_equal(keeper_get(pair->client, &task, &uffd, epoch), -EPROTONOSUPPORT);
	assert_int_equal(count_fds(), pair->nr_fds);
}

/* A positive "error" would be taken for a descriptor or a count. */
static void errors_are_errors(void **state)
{
	struct pair *pair = *state;

	queue_error(pair, 1);
	assert_int_equal(keeper_hello(pair->client), -EPROTO);
	queue_error(pair, INT32_MIN);
	assert_int_equal(keeper_hello(pair->client), -EPROTO);
}

static void garbage_for_an_answer(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(send(pair->keeper, "\xff\xff\xff", 3, 0), 3);
	assert_int_equal(keeper_hello(pair->client), -EPROTO);
}

static void keeper_is_gone(void **state)
{
	struct pair *pair = *state;

	shutdown(pair->keeper, SHUT_RDWR);
	assert_int_equal(keeper_hello(pair->client), -ECONNRESET);
}

/* The answer that comes after all belongs to another question. */
static void late_answer_is_not_taken(void **state)
{
	struct pair *pair = *state;
	UffdWp__Response rsp = new_response(0);

	assert_int_equal(keeper_hello(pair->client), -ETIMEDOUT);
	wire_send(pair->keeper, &rsp.base, NULL);
	assert_int_equal(keeper_commit(pair->client, "run"), -ECONNRESET);
}

static void fill(UffdWp__Entry *entry, UffdWp__TaskRef *ref, int pid)
{
	uffd_wp__entry__init(entry);
	uffd_wp__task_ref__init(ref);
	ref->pid = pid;
	ref->start_time = pid * 10;
	ref->pidns = 1;
	entry->task = ref;
	entry->epoch = pid % 2 ? "run" : "";
	entry->pending = pid % 2 ? "" : "next-run";
	entry->age_ms = pid * 100;
}

static void list_comes_in_parts(void **state)
{
	struct pair *pair = *state;
	UffdWp__Response rsp = new_response(0);
	UffdWp__Entry entry[2], *pointers[2] = { &entry[0], &entry[1] };
	UffdWp__TaskRef ref[2];
	struct keeper_entry *entries;
	UffdWp__Request *req;
	size_t nr, i;

	rsp.entries = pointers;
	rsp.n_entries = 2;
	fill(&entry[0], &ref[0], 1);
	fill(&entry[1], &ref[1], 2);
	rsp.has_next = 1;
	rsp.next = 77;
	queue(pair, &rsp, 0);
	rsp.n_entries = 1;
	fill(&entry[0], &ref[0], 3);
	rsp.has_next = 0;
	queue(pair, &rsp, 0);

	assert_int_equal(keeper_list(pair->client, &entries, &nr), 0);
	assert_int_equal(nr, 3);
	for (i = 0; i < nr; i++) {
		assert_int_equal(entries[i].id.pid, i + 1);
		assert_int_equal(entries[i].id.start_time, (i + 1) * 10);
		assert_int_equal(entries[i].age_ms, (i + 1) * 100);
		assert_string_equal(entries[i].epoch, i % 2 ? "" : "run");
		assert_string_equal(entries[i].pending, i % 2 ? "next-run" : "");
	}
	free(entries);

	req = asked(pair);
	assert_int_equal(req->after, 0);
	uffd_wp__request__free_unpacked(req, NULL);
	req = asked(pair);
	assert_int_equal(req->after, 77);
	uffd_wp__request__free_unpacked(req, NULL);
}

static void empty_list(void **state)
{
	struct pair *pair = *state;
	UffdWp__Response rsp = new_response(0);
	struct keeper_entry *entries;
	size_t nr;

	queue(pair, &rsp, 0);
	assert_int_equal(keeper_list(pair->client, &entries, &nr), 0);
	assert_int_equal(nr, 0);
	free(entries);
}

/* Entries so far are freed (the sanitizer sees to it). */
static void list_that_fails_half_way(void **state)
{
	struct pair *pair = *state;
	UffdWp__Response rsp = new_response(0);
	UffdWp__Entry entry, *pointer = &entry;
	struct keeper_entry *entries;
	UffdWp__TaskRef ref;
	size_t nr;

	rsp.entries = &pointer;
	rsp.n_entries = 1;
	fill(&entry, &ref, 1);
	rsp.has_next = 1;
	rsp.next = 1;
	queue(pair, &rsp, 0);
	queue_error(pair, -ENOMEM);
	assert_int_equal(keeper_list(pair->client, &entries, &nr), -ENOMEM);
	assert_null(entries);
	assert_int_equal(nr, 0);
}

static void list_that_goes_in_circles(void **state)
{
	struct pair *pair = *state;
	UffdWp__Response rsp = new_response(0);
	struct keeper_entry *entries;
	size_t nr;

	rsp.has_next = 1;
	rsp.next = 5;
	queue(pair, &rsp, 0);
	queue(pair, &rsp, 0);
	assert_int_equal(keeper_list(pair->client, &entries, &nr), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(requests_are_what_they_should_be, setup, teardown),
		cmocka_unit_test_setup_teardown(get_returns_context_and_epoch, setup, teardown),
		cmocka_unit_test_setup_teardown(epoch_that_makes_no_sense, setup, teardown),
		cmocka_unit_test_setup_teardown(answer_with_wrong_number_of_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(unwanted_descriptor, setup, teardown),
		cmocka_unit_test_setup_teardown(success_without_context, setup, teardown),
		cmocka_unit_test_setup_teardown(another_version, setup, teardown),
		cmocka_unit_test_setup_teardown(errors_are_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(garbage_for_an_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(keeper_is_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(late_answer_is_not_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(list_comes_in_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(empty_list, setup, teardown),
		cmocka_unit_test_setup_teardown(list_that_fails_half_way, setup, teardown),
		cmocka_unit_test_setup_teardown(list_that_goes_in_circles, setup, teardown),
	};

	return cmocka_run_group_tests_name("keeper client", tests, NULL, NULL);
}
