// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bsd/string.h>

#include "fd-check.h"
#include "log.h"
#include "notify.h"
#include "passed.h"
#include "store.h"

/*
 * The names of all descriptors come back in one environment variable, of at most 128 KiB (execve(2)): two descriptors a
 * task, and "t8191:" for each. FileDescriptorStoreMax of the unit is twice this, and one.
 */
#define SLOTS	   8192
#define STATE_NAME "state"
#define SEALS	   (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

struct slot {
	struct task_id id;
	char epoch[KEEPER_RUN_ID_SIZE];
	uint64_t since_ms;
	uint32_t used;
	uint32_t in_use; /* by a client */
	uint32_t foreign;
};

struct state {
	char format[16]; /* of this struct; another one is not read */
	struct slot slots[SLOTS];
};

static const char format[16] = "uffd-wp-keeper1";
static struct state *state;
static int next_slot;

static bool is_tracked_by(const struct slot *slot)
{
	return slot->used && !slot->in_use && memchr(slot->epoch, '\0', sizeof(slot->epoch)) &&
	       (!slot->epoch[0] || run_id_is_valid(slot->epoch));
}

static void forget_name(const char *name)
{
	char message[300];

	snprintf(message, sizeof(message), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	notify(message, NULL, 0);
}

static void forget_slot(int slot)
{
	char name[16];

	snprintf(name, sizeof(name), "t%d", slot);
	forget_name(name);
}

/* Descriptors of a slot that were passed, -1: none. */
static struct found {
	int uffd;
	int pidfd;
	bool more; /* than one of a kind: whose is it? */
} found[SLOTS];

static int state_fd = -1;

static void found_for(struct found *f, int *of_kind, int fd)
{
	if (*of_kind >= 0) {
		f->more = true;
		close(fd);
		return;
	}
	*of_kind = fd;
}

static void sort_passed(int fd, const char *name)
{
	struct stat st;
	char *end;
	long slot;

	/* The listener's */
	if (!fstat(fd, &st) && S_ISSOCK(st.st_mode))
		return;

	if (!strcmp(name, STATE_NAME) && state_fd < 0) {
		state_fd = fd;
		return;
	}

	slot = strtol(name[0] == 't' ? name + 1 : "-1", &end, 10);
	if (slot >= 0 && slot < SLOTS && !*end) {
		struct found *f = &found[slot];

		found_for(f, check_userfaultfd(fd) ? &f->pidfd : &f->uffd, fd);
		return;
	}

	forget_name(name);
	close(fd);
}

static struct state *map_state(int fd)
{
	void *area = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return area == MAP_FAILED ? NULL : area;
}

/* NULL: it is none, or of another version of this program. */
static struct state *read_state(int fd)
{
	struct state *old;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || st.st_size != sizeof(struct state) || fcntl(fd, F_GET_SEALS) != SEALS)
		return NULL;

	old = map_state(fd);
	if (old && memcmp(old->format, format, sizeof(format))) {
		munmap(old, sizeof(*old));
		old = NULL;
	}
	return old;
}

/* Not used yet in its whole size: pages come with the tasks. */
static struct state *new_state(void)
{
	int fd = memfd_create("uffd-wp-keeper", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct state *fresh = NULL;

	if (fd < 0)
		return NULL;
	if (!ftruncate(fd, sizeof(*fresh)) && !fcntl(fd, F_ADD_SEALS, SEALS))
		fresh = map_state(fd);
	if (fresh) {
		memcpy(fresh->format, format, sizeof(format));
		if (notify("FDSTORE=1\nFDPOLL=0\nFDNAME=" STATE_NAME, &fd, 1)) {
			munmap(fresh, sizeof(*fresh));
			fresh = NULL;
		}
	}
	close(fd);
	return fresh;
}

/* Whether it is complete, and the task lives. */
static bool restore_slot(int nr, const struct found *f, store_restore_fn restore)
{
	const struct slot *slot = &state->slots[nr];
	struct task task = { .id = slot->id, .foreign = slot->foreign, .since_ms = slot->since_ms };

	if (!is_tracked_by(slot) || f->more || f->uffd < 0 || f->pidfd < 0 || check_pidfd(f->pidfd, &slot->id))
		return false;

	strcpy(task.epoch, slot->epoch);
	return restore(&task, (struct store_place){ nr }, f->uffd, f->pidfd) == 0;
}

static void restore_all(store_restore_fn restore)
{
	int nr, restored = 0, lost = 0;

	for (nr = 0; nr < SLOTS; nr++) {
		struct found *f = &found[nr];

		if (f->uffd < 0 && f->pidfd < 0) {
			if (state && state->slots[nr].used)
				memset(&state->slots[nr], 0, sizeof(state->slots[nr]));
			continue;
		}
		if (state && restore_slot(nr, f, restore)) {
			restored++;
			continue;
		}

		lost++;
		close(f->uffd);
		close(f->pidfd);
		if (state)
			memset(&state->slots[nr], 0, sizeof(state->slots[nr]));
		forget_slot(nr);
	}

	if (restored || lost)
		log_message(LOG_INFO, "%d tasks of the keeper before are still tracked, %d are not any more", restored,
			    lost);
}

void store_open(store_restore_fn restore)
{
	int nr;

	for (nr = 0; nr < SLOTS; nr++)
		found[nr].uffd = found[nr].pidfd = -1;
	passed_each(sort_passed);

	state = read_state(state_fd);
	if (state_fd >= 0) {
		if (!state)
			forget_name(STATE_NAME);
		close(state_fd);
	}
	if (!state && notify_wanted())
		state = new_state();
	restore_all(restore);
}

static int free_slot(void)
{
	int i, slot;

	for (i = 0; i < SLOTS; i++) {
		slot = (next_slot + i) % SLOTS;
		if (!state->slots[slot].used) {
			next_slot = slot + 1;
			return slot;
		}
	}

	return -1;
}

struct store_place store_add(const struct task *task, int uffd, int pidfd)
{
	struct store_place place = { .slot = state ? free_slot() : -1 };
	const int fds[] = { uffd, pidfd };
	char message[64];

	if (place.slot < 0)
		return place;

	/* We learn ourselves of its end: the manager has nothing to watch. */
	snprintf(message, sizeof(message), "FDSTORE=1\nFDPOLL=0\nFDNAME=t%d", place.slot);
	if (notify(message, fds, 2)) {
		place.slot = -1;
		return place;
	}

	state->slots[place.slot].id = task->id;
	state->slots[place.slot].in_use = 1;
	store_update(place, task);
	state->slots[place.slot].used = 1;
	return place;
}

void store_update(struct store_place place, const struct task *task)
{
	struct slot *slot;

	if (place.slot < 0)
		return;

	slot = &state->slots[place.slot];
	/* A run that has begun and not ended loses its connection to us when we die: it can't commit any more. */
	strlcpy(slot->epoch, task->epoch, sizeof(slot->epoch));
	slot->since_ms = task->since_ms;
	slot->foreign = task->foreign;
}

void store_in_use(struct store_place place, bool in_use)
{
	if (place.slot >= 0)
		state->slots[place.slot].in_use = in_use;
}

void store_remove(struct store_place place)
{
	if (place.slot < 0)
		return;

	memset(&state->slots[place.slot], 0, sizeof(state->slots[place.slot]));
	forget_slot(place.slot);
}
