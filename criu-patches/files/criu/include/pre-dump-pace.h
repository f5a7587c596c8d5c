#ifndef __CR_PRE_DUMP_PACE_H__
#define __CR_PRE_DUMP_PACE_H__

/* How fast a live pre-dump goes, and what it says of itself on the way. */

/* Makes way for the tasks: lowers the priority of this process. */
extern void pre_dump_pace_init(void);

/*
 * To be called now and then. So many bytes were written since: sleeps as long as
 * --pre-dump-rate asks for, and lets others have the processor.
 */
extern void pre_dump_pace(unsigned long bytes);

#endif /* __CR_PRE_DUMP_PACE_H__ */
