/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_KEEPER_START_H
#define UFFD_WP_KEEPER_START_H

/*
 * Runs the keeper program, which puts itself into the background, and waits
 * until it listens or gave up. Returns its exit status (enum keeper_exit) or
 * -errno: -ETIMEDOUT after timeout_ms milliseconds, -ENOEXEC when it could not
 * be executed or did not exit by itself. Leaves no child behind.
 */
int keeper_start(const char *path, int timeout_ms);

#endif /* UFFD_WP_KEEPER_START_H */
