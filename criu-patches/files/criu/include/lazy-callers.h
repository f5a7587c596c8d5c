#ifndef __CR_LAZY_CALLERS_H__
#define __CR_LAZY_CALLERS_H__

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What the next event of a userfaultfd may be about.
 *
 * UFFD_EVENT_REMOVE comes for MADV_DONTNEED and MADV_REMOVE alike. Of shared memory the one takes nothing away, the
 * other makes zeros of the pages, also of those that are still to come. Who called it is blocked until the event is
 * read, so until then /proc/PID/task/TID/syscall tells.
 */
enum lazy_next {
	LAZY_NEXT_FAULT,   /* there are page faults to be read first */
	LAZY_NEXT_KEEPS,   /* no event that is there removes pages of objects */
	LAZY_NEXT_REMOVES, /* there may be one that does */
};

/* uffd: of the task with this pid; 0: unknown */
extern enum lazy_next lazy_callers_look(int uffd, pid_t pid);

/* The last look was for the event that has been read, UFFD_EVENT_REMOVE for this range: was its caller seen then? */
extern bool lazy_callers_keep(uint64_t start, uint64_t end);

#endif /* __CR_LAZY_CALLERS_H__ */
