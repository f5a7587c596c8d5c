// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper-client.h"
#include "wire.h"

static bool has_exec_id(const struct task_id *id)
{
	static const uint8_t unknown[TASK_EXEC_ID_SIZE];

	return memcmp(id->exec_id, unknown, sizeof(unknown)) != 0;
}

/* Refers to id. */
static UffdWp__TaskRef task_ref(const struct task_id *id)
{
	UffdWp__TaskRef task = UFFD_WP__TASK_REF__INIT;

	task.pid = id->pid;
	task.start_time = id->start_time;
	task.pidns = id->pidns;
	task.has_exec_id = has_exec_id(id);
	task.exec_id.data = (uint8_t *)id->exec_id;
	task.exec_id.len = sizeof(id->exec_id);
	return task;
}

static UffdWp__Request new_request(UffdWp__RequestType type)
{
	UffdWp__Request req = UFFD_WP__REQUEST__INIT;

	req.version = UFFD_WP__PROTOCOL__VERSION;
	req.type = type;
	return req;
}

/* What the keeper answered: the error is its, so it must be one. */
static int check_response(const UffdWp__Response *rsp)
{
	if (rsp->version != UFFD_WP__PROTOCOL__VERSION)
		return -EPROTONOSUPPORT;
	if (rsp->error > 0 || rsp->error < -4095)
		return -EPROTO;
	return rsp->error;
}

static int exchange(int sk, const UffdWp__Request *req, const struct wire_fds *fds, unsigned int nr_fds,
		    UffdWp__Response **rsp, struct wire_fds *rsp_fds)
{
	int ret;

	ret = wire_send(sk, &req->base, fds);
	if (!ret)
		ret = wire_recv_response(sk, nr_fds, rsp, rsp_fds);
	if (!ret)
		return 0;

	/* An answer that comes too late must not be taken for that to the next request. */
	shutdown(sk, SHUT_RDWR);

	switch (ret) {
	case -EAGAIN:
		return -ETIMEDOUT;
	case -EPIPE:
		return -ECONNRESET;
	case -EBADMSG:
	case -EMSGSIZE:
		return -EPROTO;
	default:
		return ret;
	}
}

/*
 * One request and its answer. fds go with the request (NULL: none). nr_fds
 * descriptors are expected with the answer and become the caller's.
 * 0: *rsp is the caller's to free. Otherwise what went wrong here or there.
 */
static int call(int sk, const UffdWp__Request *req, const struct wire_fds *fds, unsigned int nr_fds,
		UffdWp__Response **rsp, struct wire_fds *rsp_fds)
{
	int ret;

	ret = exchange(sk, req, fds, nr_fds, rsp, rsp_fds);
	if (ret)
		return ret;

	ret = check_response(*rsp);
	if (ret) {
		wire_close_fds(rsp_fds);
		uffd_wp__response__free_unpacked(*rsp, NULL);
	}

	return ret;
}

static int call_simple(int sk, const UffdWp__Request *req, const struct wire_fds *fds)
{
	UffdWp__Response *rsp;
	struct wire_fds none;
	int ret;

	ret = call(sk, req, fds, 0, &rsp, &none);
	if (!ret)
		uffd_wp__response__free_unpacked(rsp, NULL);
	return ret;
}

static int call_task(int sk, UffdWp__RequestType type, const struct task_id *id, const struct wire_fds *fds)
{
	UffdWp__Request req = new_request(type);
	UffdWp__TaskRef task = task_ref(id);

	req.task = &task;
	return call_simple(sk, &req, fds);
}

static int call_run(int sk, UffdWp__RequestType type, const char *run_id)
{
	UffdWp__Request req = new_request(type);

	req.run_id = (char *)run_id;
	return call_simple(sk, &req, NULL);
}

static int copy_run_id(char to[KEEPER_RUN_ID_SIZE], const char *from)
{
	if (!from || strlen(from) >= KEEPER_RUN_ID_SIZE)
		return -EPROTO;

	strcpy(to, from);
	return 0;
}

int keeper_hello(int sk)
{
	UffdWp__Request req = new_request(UFFD_WP__REQUEST_TYPE__HELLO);

	return call_simple(sk, &req, NULL);
}

int keeper_get(int sk, const struct task_id *id, int *uffd, char epoch[KEEPER_RUN_ID_SIZE])
{
	UffdWp__Request req = new_request(UFFD_WP__REQUEST_TYPE__GET);
	UffdWp__TaskRef task = task_ref(id);
	UffdWp__Response *rsp;
	struct wire_fds fds;
	int ret;

	req.task = &task;
	ret = call(sk, &req, NULL, 1, &rsp, &fds);
	if (ret)
		return ret;

	ret = copy_run_id(epoch, rsp->epoch);
	if (ret)
		wire_close_fds(&fds);
	else
		*uffd = fds.fd[0];

	uffd_wp__response__free_unpacked(rsp, NULL);
	return ret;
}

int keeper_put(int sk, const struct task_id *id, int uffd, int pidfd)
{
	struct wire_fds fds = { .nr = 2, .fd = { uffd, pidfd } };

	return call_task(sk, UFFD_WP__REQUEST_TYPE__PUT, id, &fds);
}

int keeper_begin(int sk, const struct task_id *id, const char *run_id)
{
	UffdWp__Request req = new_request(UFFD_WP__REQUEST_TYPE__BEGIN);
	UffdWp__TaskRef task = task_ref(id);

	req.task = &task;
	req.run_id = (char *)run_id;
	return call_simple(sk, &req, NULL);
}

int keeper_commit(int sk, const char *run_id)
{
	return call_run(sk, UFFD_WP__REQUEST_TYPE__COMMIT, run_id);
}

int keeper_abort(int sk, const char *run_id)
{
	return call_run(sk, UFFD_WP__REQUEST_TYPE__ABORT, run_id);
}

int keeper_drop(int sk, const struct task_id *id)
{
	return call_task(sk, UFFD_WP__REQUEST_TYPE__DROP, id, NULL);
}

int keeper_foreign(int sk, const struct task_id *id, bool note)
{
	UffdWp__Request req = new_request(UFFD_WP__REQUEST_TYPE__FOREIGN);
	UffdWp__TaskRef task = task_ref(id);
	UffdWp__Response *rsp;
	struct wire_fds none;
	int ret;

	req.task = &task;
	req.has_foreign = note;
	req.foreign = note;
	ret = call(sk, &req, NULL, 0, &rsp, &none);
	if (ret)
		return ret;

	ret = rsp->has_foreign && rsp->foreign;
	uffd_wp__response__free_unpacked(rsp, NULL);
	return ret;
}

static int copy_entry(struct keeper_entry *to, const UffdWp__Entry *from)
{
	int ret;

	to->id.pid = from->task->pid;
	to->id.start_time = from->task->start_time;
	to->id.pidns = from->task->pidns;
	to->age_ms = from->age_ms;

	ret = copy_run_id(to->epoch, from->epoch);
	return ret ? ret : copy_run_id(to->pending, from->pending);
}

static int append_entries(struct keeper_entry **entries, size_t *nr, const UffdWp__Response *rsp)
{
	struct keeper_entry *grown;
	size_t i;
	int ret;

	if (!rsp->n_entries)
		return 0;

	grown = reallocarray(*entries, *nr + rsp->n_entries, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	*entries = grown;

	for (i = 0; i < rsp->n_entries; i++, (*nr)++) {
		ret = copy_entry(&grown[*nr], rsp->entries[i]);
		if (ret)
			return ret;
	}

	return 0;
}

/* The entries after the place *after, which moves on. 1: there are more. */
static int list_some(int sk, uint64_t *after, struct keeper_entry **entries, size_t *nr)
{
	UffdWp__Request req = new_request(UFFD_WP__REQUEST_TYPE__LIST);
	UffdWp__Response *rsp;
	struct wire_fds none;
	int ret;

	req.has_after = 1;
	req.after = *after;
	ret = call(sk, &req, NULL, 0, &rsp, &none);
	if (ret)
		return ret;

	ret = append_entries(entries, nr, rsp);
	if (!ret && rsp->has_next) {
		/* Places ascend, so that this comes to an end. */
		ret = rsp->next > *after ? 1 : -EPROTO;
		*after = rsp->next;
	}

	uffd_wp__response__free_unpacked(rsp, NULL);
	return ret;
}

int keeper_list(int sk, struct keeper_entry **entries, size_t *nr)
{
	uint64_t after = 0;
	int ret;

	*entries = NULL;
	*nr = 0;

	do
		ret = list_some(sk, &after, entries, nr);
	while (ret > 0);

	if (ret) {
		free(*entries);
		*entries = NULL;
		*nr = 0;
	}

	return ret;
}
