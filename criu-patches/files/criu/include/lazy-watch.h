#ifndef __CR_LAZY_WATCH_H__
#define __CR_LAZY_WATCH_H__

#include <stdbool.h>
#include <sys/types.h>

/*
 * When a userfaultfd is closed the kernel lets whoever waits for a page go on, with zeros. So if the
 * lazy-pages daemon ends before all pages are there, for whatever reason, somebody else has to hold its
 * userfaultfds until the tasks are gone. That is the watcher: a process that has the descriptor table of
 * the daemon, and hence also those that come with UFFD_EVENT_FORK. It kills the tasks, or lets them wait
 * (--lazy-timeout 0). It also kills them, and ends the daemon, when a page is waited for longer than
 * --lazy-timeout.
 */

/* How --lazy-timeout is to be understood; else it is a number of seconds. */
#define LAZY_TIMEOUT_NONE -1 /* a page may take as long as it likes; tasks are killed if it can't come */
#define LAZY_TIMEOUT_WAIT 0  /* tasks are not killed even then */

/* For up to nr_tasks of lazy_watch_add(). 0 or -1. */
extern int lazy_watch_start(unsigned int nr_tasks);

/* A task to kill with its descendants. Takes over the pidfd. Returns its pid here, 0 if there is none. */
extern pid_t lazy_watch_add(int pidfd);

/* Pages have been asked for, or have come; waiting: some are still to come. */
extern void lazy_watch_progress(bool waiting);

/* The daemon has nothing left to do. Otherwise, if it can't go on, kills the tasks unless they are to wait. */
extern void lazy_watch_end(bool complete);

#endif /* __CR_LAZY_WATCH_H__ */
