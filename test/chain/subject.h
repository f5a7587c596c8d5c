/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A subject is a task that a chain test pre-dumps several times, dumps and
 * restores. It changes its memory in steps, on command, keeps a model of what
 * its memory must hold (model.h), and checks itself against that model.
 *
 * Protocol with the runner (chainlib.py). Nothing stays open while the subject
 * waits, so that it can be dumped at any time:
 *   runner   writes "COMMAND N" to the file cmd, sends SIGUSR1
 *   subject  works, then renames a file onto ack: "ok COMMAND N", "fail TEXT"
 *            or "skip TEXT"
 * Commands: "step N" (change memory), "check N" (compare with the model of step
 * N), in the current directory of the subject. Before the first command the
 * subject acknowledges "ok setup 0".
 *
 * With each acknowledgement every process of the subject leaves the files
 *   rules.PID     what the next dump's page map must look like, see expect_*()
 *   volatile.PID  memory that the kernel may change between two looks
 *   model.PID     the model, so that the check does not trust restored memory
 */
#ifndef CHAIN_SUBJECT_H
#define CHAIN_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "model.h"

/* What a subject defines. */
void subject_setup(void);
void subject_step(int n); /* n counts from 1 */

/* What a subject may define; these are weak. */
void subject_check(int n);	    /* checks beyond the model, after the restore */
void subject_resume(int n);	    /* called instead of the setup after subject_exec() */
void subject_busy(void);	    /* a command arrived */
void subject_idle(void);	    /* just before the acknowledgement becomes visible */
extern const char subject_traits[]; /* "key=value ..." for the runner, see chainlib.py */

extern int cur_step;	/* 0 during the setup */
extern bool restored;	/* a check has been asked for: the task went through a restore */
extern bool stock_only; /* no tracker in this run: do not expect its effects */

/* Ends the whole test with a verdict; usable in every process of the subject. */
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *fmt, ...);
__attribute__((format(printf, 1, 2), noreturn)) void skip(const char *fmt, ...);

/* fail() with the expression and errno unless ok. */
#define must(ok)                                                        \
	do {                                                            \
		if (!(ok))                                              \
			fail("%s:%d: %s: %m", __FILE__, __LINE__, #ok); \
	} while (0)

/*
 * What the page map of the next dump of this process has to say about the
 * half-open range [start, start + len) in bytes. Rules last until the next
 * command. (That a page written in this step is in the image is expected
 * without asking, see model.h.)
 */
void expect_full(const void *start, size_t len);		  /* nothing left to the parent */
void expect_full_if_stopped(const void *start, size_t len);	  /* but for live pre-dumps */
void expect_written(const void *start, size_t len);		  /* every page is in this image */
void expect_in_last(const void *start, size_t len);		  /* as expect_written(), unless it is a pre-dump */
void expect_untracked(const void *start, size_t len);		  /* in no pre-dump, and nothing left to the parent */
void expect_gone(const void *start, size_t len);		  /* neither in this image nor left to the parent */
void expect_written_by_plugin(const void *start, size_t len);	  /* as expect_written(), but not for soft-dirty */
void expect_parent_by_plugin(const void *start, size_t len);	  /* all of it is left to the parent, as above */
void expect_at_most(const void *start, size_t len, size_t pages); /* pages in this image */
void expect_parent(const void *start, size_t len, size_t pages);  /* at least, left to the parent */
void expect_region(const struct region *r, size_t dirty_pages);	  /* at most dirty, the rest in the parent */

/* As expect_region(), for nr pages from first on. */
void expect_region_part(const struct region *r, size_t first, size_t nr, size_t dirty_pages);

/* How many pages of shared memory the image has, all objects together; the last dump has some more. */
void expect_shared(size_t pages, size_t more_in_last);

/*
 * The kernel or CRIU itself changes these bytes while nobody in the target
 * runs, so the comparison of memory before the dump and after the restore
 * leaves them out.
 */
void mark_volatile(const void *start, size_t len, const char *reason);

/* The rseq area of the calling thread: its CPU number changes with every migration. */
void mark_rseq_volatile(void);

/* Serves commands; returns never, but may be called at any depth of the stack. */
__attribute__((noreturn)) void serve_commands(void);

/* Acknowledges the command under way, then serves the next ones: for nested use of serve_commands(). */
__attribute__((noreturn)) void acknowledge_and_serve(void);

/* Replaces the program by itself; subject_resume() runs in the new mm and the step is acknowledged. */
__attribute__((noreturn)) void subject_exec(void);

uint64_t rnd(void); /* deterministic for a seed */
size_t rnd_below(size_t n);

/* Around what a process does for one command: forget its old rules; write rules and model. */
void process_begin(void);
void process_end(void);

/* Value in KiB of a field of /proc/self/status ("VmPTE"), of /proc/meminfo, or -1. */
long status_kb(const char *field);
long meminfo_kb(const char *field);

/* Size in bytes of a huge page, of the default size. Where fewer than nr of them are free, the test is skipped. */
size_t need_huge_pages(size_t nr);

/* Value in KiB of a field of the mapping at start in /proc/self/smaps, or -1. */
long smaps_kb(const void *start, const char *field);

/* First number in a file, or -1. */
long read_number(const char *path);

#endif /* CHAIN_SUBJECT_H */
