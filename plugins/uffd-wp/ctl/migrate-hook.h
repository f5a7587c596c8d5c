/* SPDX-License-Identifier: GPL-2.0 */
/*
 * criu asks us before it goes on: before a dump begins, when it is complete
 * and all tasks are stopped, and before restored tasks run. It runs a script
 * (--action-script) that connects to a socket of ours and waits for an answer.
 */
#ifndef UFFD_WP_CTL_MIGRATE_HOOK_H
#define UFFD_WP_CTL_MIGRATE_HOOK_H

#include "ctl.h"

#define HOOK_SCRIPT "hook" /* names in our directory */
#define HOOK_SOCKET "hook.socket"

#define HOOK_PRE_DUMP "pre-dump"
#define HOOK_POST_DUMP "post-dump" /* "no" lets the tasks run on; else they are killed */
#define HOOK_POST_RESTORE "post-restore" /* "no" kills them */

enum hook_answer {
	HOOK_YES = 'y',
	HOOK_NO = 'n',
	/* No answer: from now on the tasks must neither run nor be killed if we are gone before there is one. */
	HOOK_HOLD = 'h',
};

/* Writes the script, listens. Returns a descriptor; -1: reported. */
int hook_listen(const char *dir);

/* Accepts a question. action: 32 bytes. Returns a descriptor to answer to; -1: there is none. */
int hook_accept(int listener, char *action);

/* HOOK_YES and HOOK_NO close the descriptor. 0, or -1: criu or its script is gone. */
int hook_answer(int fd, enum hook_answer answer);

/* The script's other half: SOCKET ACTION */
int cmd_migrate_hook(const struct arguments *args);

#endif /* UFFD_WP_CTL_MIGRATE_HOOK_H */
