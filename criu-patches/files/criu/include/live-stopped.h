#ifndef __CR_LIVE_STOPPED_H__
#define __CR_LIVE_STOPPED_H__

#include <sys/types.h>

#include "images/stats.pb-c.h"

/*
 * For how long a live pre-dump stopped which task. Those that share their memory
 * with the one a stop was for stop with it, and are not listed for it.
 */

/* A stop begins; there is one at a time, of one task or of many. */
extern void live_stopped_begin(void);

/* The task (pid as criu sees it) ran again just now. 0 or -1. */
extern int live_stopped_add(pid_t pid);

/* All of them, in the order of their first stops; the entries stay this module's. */
extern void live_stopped_encode(DumpStatsEntry *ds);

#endif /* __CR_LIVE_STOPPED_H__ */
