/* SPDX-License-Identifier: GPL-2.0 */
/* What the open descriptors of a task say about writes to its memory. */
#ifndef UFFD_WP_FDS_H
#define UFFD_WP_FDS_H

#include <stdbool.h>
#include <sys/types.h>

struct fd_facts {
	bool io_uring;
	bool userfaultfd; /* of its own: some of its memory may be registered with it */
	bool direct_io;	  /* a file or block device is open with O_DIRECT, and a scan may miss what it reads */
};

/*
 * Looks at the descriptors of the thread group leader, in /proc/PID/fd. Nothing
 * is found when the task is gone. CRIU does not dump tasks whose threads have
 * descriptors of their own. flags: also at direct_io, for which a file is read for
 * each descriptor of a file; else it stays false.
 */
void fds_look(pid_t pid, bool flags, struct fd_facts *facts);

#endif /* UFFD_WP_FDS_H */
