// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "migrate-handover.h"
#include "migrate-hook.h"
#include "migrate-transport.h"
#include "tree.h"

#define RESTORE_MS 600000
#define VERIFY_MS 700000 /* after a lazy restore, until all memory is there */
#define DOUBT_PAUSE_US 1000000

/* It is sure that nothing of it runs there any more, or will. */
static void end_other_side(struct migrate *m)
{
	long long end;

	/* That the connection ends says nothing of the agent. */
	if (remote_stop(&m->remote))
		return;

	end = channel_now_ms() + CHANNEL_SAFE_MS;
	warnx("waiting %d s, after which %s has ended what it restored", CHANNEL_SAFE_MS / 1000, m->remote.name);
	while (channel_now_ms() < end)
		usleep(DOUBT_PAUSE_US / 10);
}

static void roll_back(struct migrate *m, int hook, bool ordered)
{
	if (ordered)
		end_other_side(m);
	if (m->moved_address && migrate_run_script(m, "source-resume"))
		warnx("the script failed for source-resume");
	hook_answer(hook, HOOK_NO);
}

/* Sends the images, and has them restored. identity: of what runs there. */
static int restore(struct migrate *m, char *identity, bool *ordered)
{
	enum remote_result result;
	char reply[CHANNEL_LINE];

	if (migrate_end_step(m, m->nr + 1))
		return -1;
	m->times.sent = channel_now_ms();

	m->moved_address = true;
	if (migrate_run_script(m, "source-stop")) {
		warnx("the script failed for source-stop");
		return -1;
	}

	*ordered = true;
	if (channel_send(&m->remote.channel, "restore"))
		m->remote.gone = true;
	result = remote_answer(&m->remote, identity, RESTORE_MS);
	remote_report(&m->remote, result, identity);
	if (result != REMOTE_OK)
		return -1;

	m->times.running = channel_now_ms();
	result = remote_answer(&m->remote, reply, VERIFY_MS);
	remote_report(&m->remote, result, reply);
	return result == REMOTE_OK ? 0 : -1;
}

/*
 * It was told to keep what it restored, and did not answer. Nobody may run it
 * here unless it is known that it does not run there: asks, with a new
 * connection, until there is an answer or the user decides. true: it runs there.
 */
static bool resolve_doubt(struct migrate *m, const char *identity)
{
	char reply[CHANNEL_LINE];

	end_other_side(m);
	warnx("it is not known whether it runs on %s now. It stays stopped here until %s answers. If you know that it "
	      "does not run there, interrupt this program: then it runs on here", m->remote.name, m->remote.name);

	runner_interrupted(&m->runner);
	m->runner.interrupted = false; /* that was before the question */
	while (!runner_interrupted(&m->runner)) {
		if (!migrate_connect(m)) {
			if (!remote_ask(&m->remote, reply, "alive %s", identity))
				return !strcmp(reply, "yes");
			remote_stop(&m->remote);
		}
		usleep(DOUBT_PAUSE_US);
	}

	return false;
}

static bool commit(struct migrate *m, int hook, const char *identity)
{
	enum remote_result result = REMOTE_GONE;
	char reply[CHANNEL_LINE];

	/* Stopped by criu, which would be dead otherwise. From here on it must not run here if we are killed. */
	if (!strchr("tT", process_state(m->subject.pid)) || hook_answer(hook, HOOK_HOLD)) {
		warnx("criu does not wait for an answer any more: was it killed?");
		return false;
	}
	m->remote.runner = NULL;
	if (!channel_send(&m->remote.channel, "keep"))
		result = remote_answer(&m->remote, reply, CHANNEL_LEASE_MS);
	else
		m->remote.gone = true;

	m->remote.runner = &m->runner;
	remote_report(&m->remote, result, reply);
	if (result == REMOTE_GONE)
		return resolve_doubt(m, identity);
	return result == REMOTE_OK;
}

void migrate_hand_over(struct migrate *m, int hook)
{
	char identity[CHANNEL_LINE];
	bool ordered = false;

	if (!restore(m, identity, &ordered) && commit(m, hook, identity)) {
		m->moved = true;
		hook_answer(hook, HOOK_YES);
		return;
	}

	roll_back(m, hook, ordered);
}
