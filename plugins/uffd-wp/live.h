/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Live scans: the task runs while its pages are found and protected, and all
 * that it does to its mappings meanwhile must not make an image wrong. Two rules
 * carry that:
 *
 *  - Only what is registered with our context is scanned. Mappings are registered
 *    while the task is stopped, since REGISTER by bounds that are old already may
 *    split a mapping or take in a part of another one; but where the kernel can
 *    be told not to, see wp_register_exact().
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
 * Registers what may be registered. The task is stopped, or runs, where context_registers_exactly(). If any of it
 * comes new to our context the mm becomes unsettled, see mm_unsettle(), because to look for stale write protection
 * takes time. 0 or -errno.
 */
int live_register(struct mm *mm, bool runs);

/* The task may run: removes stale write protection from what was registered. Then every page of it is dirty. 0 or -errno. */
int live_settle(struct mm *mm);

/*
 * The next pages, into mm->runs; none at the end. 0, or -errno when the rest of
 * this task has to be left out of this run; its epoch must not be committed then.
 */
int live_scan(struct mm *mm, bool parent_valid);

/* After a scan: what may have written to the memory unseen meanwhile, or NULL. ran: the task ran during the scan. */
const char *live_writes_possible(struct mm *mm, bool ran);

/* Another task has the same memory; live_writes_possible() looks at it, too. 0 or -ENOMEM. */
int live_add_sharer(struct mm *mm, pid_t pid);

void live_free(struct live *live);

#endif /* UFFD_WP_LIVE_H */
