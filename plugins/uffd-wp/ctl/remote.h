/* SPDX-License-Identifier: GPL-2.0 */
/* The agent, as seen from the host that a migration starts from. */
#ifndef UFFD_WP_CTL_REMOTE_H
#define UFFD_WP_CTL_REMOTE_H

#include <stdbool.h>
#include <sys/types.h>

#include "migrate-channel.h"
#include "precopy-run.h"

#define REMOTE_REPLY_MS 30000 /* for what does not take long */

struct remote {
	struct channel channel;
	pid_t pid; /* of the command that leads there; 0: none */
	const char *name; /* for messages */
	struct runner *runner; /* whose signals end waiting; NULL: none does */
	long long pinged_ms, heard_ms;
	bool gone;
};

/*
 * argv: the whole command. 0, or -1, reported, and nothing is left of it.
 */
int remote_start(struct remote *remote, char **argv);

/*
 * The agent undoes what it was not told to keep, and ends. Waits for that, but
 * not for ever. Returns whether it said that it has undone all.
 */
bool remote_stop(struct remote *remote);

/* To be called every now and then: tells it that we are there. */
void remote_ping(struct remote *remote);

enum remote_result {
	REMOTE_OK,
	REMOTE_ERROR, /* it said what is wrong */
	REMOTE_GONE, /* or does not answer */
	REMOTE_INTERRUPTED,
};

/* Waits for an answer. reply: CHANNEL_LINE bytes; what came behind "ok" or "error". */
enum remote_result remote_answer(struct remote *remote, char *reply, int timeout_ms);

/* Asks, waits, and reports what is not REMOTE_OK. reply: CHANNEL_LINE bytes, or NULL. 0 or -1. */
int remote_ask(struct remote *remote, char *reply, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Reports that one was not REMOTE_OK. */
void remote_report(const struct remote *remote, enum remote_result result, const char *reply);

#endif /* UFFD_WP_CTL_REMOTE_H */
