/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Live scans: the task runs while its pages are found and protected, and all
 * that it does to its mappings meanwhile must not make an image wrong. Two rules
 * carry that:
 *
 *  - Only what is registered with our context is scanned. Mappings are registered
 *    while the task is stopped, since REGISTER by bounds that are old already may
 *    split a mapping or take in a part of another one.
 *  - What was or may have been protected without being reported is unprotected,
 *    so that it is dirty in the next run. Where that cannot be made sure the
 *    task's epoch does not get committed, and the next dump is a full one.
 */
#ifndef UFFD_WP_LIVE_H
#define UFFD_WP_LIVE_H

#include <stdbool.h>

#include "criu-api.h"
#include "mm.h"

struct live;

/* What has to happen before the scan: CR_MEM_LIVE_*, or -errno. Prints why. */
int live_check(struct mm *mm);

/*
 * The task is stopped: registers what may be registered. Pages of mappings that
 * come new to our context are dirty in this run. 0 or -errno.
 */
int live_register(struct mm *mm);

/*
 * The next pages, into mm->runs; none at the end. 0, or -errno when the rest of
 * this task has to be left out of this run; its epoch must not be committed then.
 */
int live_scan(struct mm *mm, bool parent_valid);

/* After a scan of a running task: what may have written to its memory unseen meanwhile, or NULL. */
const char *live_writes_possible(struct mm *mm);

void live_free(struct live *live);

#endif /* UFFD_WP_LIVE_H */
