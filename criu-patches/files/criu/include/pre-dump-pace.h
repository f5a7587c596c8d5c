#ifndef __CR_PRE_DUMP_PACE_H__
#define __CR_PRE_DUMP_PACE_H__

#include <stdbool.h>

/* How fast a live pre-dump goes, and what it says of itself on the way. */

/* Makes way for the tasks: lowers the priority of this process. */
extern void pre_dump_pace_init(void);

/* While tasks are stopped they get nothing of what this process leaves: it takes its priority back. */
extern void pre_dump_pace_hurry(bool hurry);

/*
 * To be called now and then. So many bytes were written since: sleeps as long as
 * --pre-dump-rate asks for, and lets others have the processor.
 */
extern void pre_dump_pace(unsigned long bytes);

#endif /* __CR_PRE_DUMP_PACE_H__ */
