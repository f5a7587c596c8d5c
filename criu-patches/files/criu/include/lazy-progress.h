#ifndef __CR_LAZY_PROGRESS_H__
#define __CR_LAZY_PROGRESS_H__

#include <stdbool.h>

/*
 * How far the lazy-pages daemon is: a line that refreshes when stderr is a terminal, and one in the log
 * (-v3) once a second and at the end. Pages that are unmapped before they come are never done.
 */

/* Pages are left to the daemon, also to come for the child of a fork. */
extern void lazy_progress_expect(unsigned long nr_pages);
extern void lazy_progress_done(unsigned long nr_pages);

/* A task waits for a page. */
extern void lazy_progress_fault(void);
extern void lazy_progress_end(bool complete);

#endif /* __CR_LAZY_PROGRESS_H__ */
