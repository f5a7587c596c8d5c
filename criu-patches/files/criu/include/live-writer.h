#ifndef __CR_LIVE_WRITER_H__
#define __CR_LIVE_WRITER_H__

#include <sys/types.h>

#include "criu-plugin.h"

struct live_writer;

/*
 * Reads pages of a running task and writes them to its images. What cannot be read, since
 * the task unmapped it or ended, is given back to the memory tracker and left out.
 */
extern struct live_writer *live_writer_open(pid_t pid, pid_t vpid);

/* Whether there are parent images that clean pages can be left to. */
extern bool live_writer_has_parent(const struct live_writer *w);

/* Runs in ascending order, the next ones behind those of the call before. 0, or -1 when they can't be written. */
extern int live_writer_add(struct live_writer *w, const struct cr_mem_run *runs, size_t nr);

/* Writes what is left, and frees it whatever is returned. */
extern int live_writer_close(struct live_writer *w);

#endif /* __CR_LIVE_WRITER_H__ */
