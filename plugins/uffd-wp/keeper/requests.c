// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "fd-check.h"
#include "held.h"
#include "requests.h"

/* Entries in one response: at most about 220 bytes each, see WIRE_MAX. */
#define LIST_ENTRIES 100

static int read_task(const UffdWp__Request *req, struct task_id *id)
{
	if (!req->task || req->task->pid <= 0)
		return -EINVAL;

	id->pid = req->task->pid;
	id->start_time = req->task->start_time;
	id->pidns = req->task->pidns;
	memset(id->exec_id, 0, sizeof(id->exec_id));
	if (!req->task->has_exec_id)
		return 0;

	if (req->task->exec_id.len != sizeof(id->exec_id))
		return -EINVAL;
	memcpy(id->exec_id, req->task->exec_id.data, sizeof(id->exec_id));
	return 0;
}

/* The context was opened before the task called execve(): it is of a mm that is not the task's any more. */
static bool execed_since(const struct held_task *held, const UffdWp__Request *req)
{
	return req->task->has_exec_id &&
	       memcmp(held->task.id.exec_id, req->task->exec_id.data, sizeof(held->task.id.exec_id));
}

static int find_task(const UffdWp__Request *req, struct held_task **held)
{
	struct task_id id;
	int ret;

	ret = read_task(req, &id);
	if (ret)
		return ret;

	*held = held_find(&id);
	return *held ? 0 : -ENOENT;
}

static int do_get(const UffdWp__Request *req, UffdWp__Response *rsp, struct wire_fds *rsp_fds)
{
	struct held_task *held;
	int ret;

	ret = find_task(req, &held);
	if (!ret && execed_since(held, req))
		ret = -ENOENT;
	if (ret)
		return ret;

	held_used(held);
	rsp->epoch = held->task.epoch;
	rsp_fds->nr = 1;
	rsp_fds->fd[0] = held->uffd;
	return 0;
}

static int do_put(const UffdWp__Request *req, struct wire_fds *fds)
{
	struct task_id id;
	int ret;

	ret = read_task(req, &id);
	if (!ret)
		ret = check_userfaultfd(fds->fd[0]);
	if (!ret)
		ret = check_pidfd(fds->fd[1], &id);
	if (!ret)
		ret = held_put(&id, fds->fd[0], fds->fd[1]);
	if (ret)
		return ret;

	fds->fd[0] = -1;
	fds->fd[1] = -1;
	return 0;
}

static int do_begin(const UffdWp__Request *req)
{
	struct held_task *held;
	int ret;

	if (!run_id_is_valid(req->run_id))
		return -EINVAL;

	ret = find_task(req, &held);
	if (ret)
		return ret;

	task_begin(&held->task, req->run_id);
	held_changed(held);
	return 0;
}

static int do_commit(const UffdWp__Request *req)
{
	if (!run_id_is_valid(req->run_id))
		return -EINVAL;

	if (!task_table_commit(held_table(), req->run_id, now_ms()))
		return -ENOENT;

	held_changed(NULL);
	return 0;
}

static int do_abort(const UffdWp__Request *req)
{
	if (!run_id_is_valid(req->run_id))
		return -EINVAL;

	task_table_abort(held_table(), req->run_id);
	return 0;
}

static int do_drop(const UffdWp__Request *req)
{
	struct held_task *held;
	int ret;

	ret = find_task(req, &held);
	if (ret)
		return ret;

	held_drop(held);
	return 0;
}

static int do_foreign(const UffdWp__Request *req, UffdWp__Response *rsp)
{
	struct held_task *held;
	int ret;

	ret = find_task(req, &held);
	if (ret)
		return ret;

	if (req->has_foreign && req->foreign)
		held->task.foreign = true;
	held_changed(held);
	rsp->has_foreign = true;
	rsp->foreign = held->task.foreign;
	return 0;
}

static void fill_entry(UffdWp__Entry *entry, UffdWp__TaskRef *ref, struct task *task, uint64_t now)
{
	uffd_wp__task_ref__init(ref);
	ref->pid = task->id.pid;
	ref->start_time = task->id.start_time;
	ref->pidns = task->id.pidns;

	uffd_wp__entry__init(entry);
	entry->task = ref;
	entry->epoch = task->epoch;
	entry->pending = task->pending;
	entry->age_ms = now - task->since_ms;
}

static int do_list(const UffdWp__Request *req, UffdWp__Response *rsp)
{
	static UffdWp__TaskRef refs[LIST_ENTRIES];
	static UffdWp__Entry entries[LIST_ENTRIES], *pointers[LIST_ENTRIES];
	uint64_t now = now_ms();
	struct task *task;
	size_t nr = 0;

	task = task_table_next(held_table(), req->has_after ? req->after : 0);
	for (; task && nr < LIST_ENTRIES; nr++, task = TAILQ_NEXT(task, in_order)) {
		fill_entry(&entries[nr], &refs[nr], task, now);
		pointers[nr] = &entries[nr];
		rsp->next = task->place;
	}

	rsp->entries = pointers;
	rsp->n_entries = nr;
	rsp->has_next = task != NULL;
	return 0;
}

static int dispatch(const UffdWp__Request *req, struct wire_fds *fds, UffdWp__Response *rsp, struct wire_fds *rsp_fds)
{
	if (req->version != UFFD_WP__PROTOCOL__VERSION)
		return -EPROTONOSUPPORT;

	switch ((int)req->type) {
	case UFFD_WP__REQUEST_TYPE__HELLO:
		return 0;
	case UFFD_WP__REQUEST_TYPE__GET:
		return do_get(req, rsp, rsp_fds);
	case UFFD_WP__REQUEST_TYPE__PUT:
		return do_put(req, fds);
	case UFFD_WP__REQUEST_TYPE__BEGIN:
		return do_begin(req);
	case UFFD_WP__REQUEST_TYPE__COMMIT:
		return do_commit(req);
	case UFFD_WP__REQUEST_TYPE__ABORT:
		return do_abort(req);
	case UFFD_WP__REQUEST_TYPE__DROP:
		return do_drop(req);
	case UFFD_WP__REQUEST_TYPE__LIST:
		return do_list(req, rsp);
	case UFFD_WP__REQUEST_TYPE__FOREIGN:
		return do_foreign(req, rsp);
	default:
		return -EOPNOTSUPP;
	}
}

void handle_request(const UffdWp__Request *req, struct wire_fds *fds, UffdWp__Response *rsp, struct wire_fds *rsp_fds)
{
	uffd_wp__response__init(rsp);
	rsp->version = UFFD_WP__PROTOCOL__VERSION;
	rsp_fds->nr = 0;
	rsp->error = dispatch(req, fds, rsp, rsp_fds);
}
