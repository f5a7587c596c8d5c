/* SPDX-License-Identifier: GPL-2.0 */
/* Children of a thread that end soon: they write, check what they inherited, or just come and go. */
#ifndef STRESS_KIDS_H
#define STRESS_KIDS_H

#include <sys/types.h>

struct actor;

/* Ends the process if a child ended badly; the child's own fail() stays the reason that the runner gets to see. */
void child_must_be_fine(pid_t pid, int status);

/* Starts a child of a random kind; it may be over when this returns. */
void kids_operate(struct actor *actor);

/* Reaps those that have ended; fail()s if one ended badly. */
void kids_reap(struct actor *actor);

/* Reaps all. */
void kids_wait(struct actor *actor);

#endif /* STRESS_KIDS_H */
