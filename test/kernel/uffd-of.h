/* SPDX-License-Identifier: GPL-2.0 */
/* Processes to make userfaultfds for, by USERFAULTFD_IOC_NEW_PIDFD. */
#ifndef UFFD_OF_H
#define UFFD_OF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ktest.h"

#define NR_PAGES 16

/* What the kernel, and what the machine, owe to the test. */
#define CHECK(cond, ...) do { if (!(cond)) defect(__VA_ARGS__); } while (0)
#define MUST(cond) do { if (!(cond)) error(#cond); } while (0)

/* Opens /dev/userfaultfd, and maps "memory", for all targets to come. defect() if the kernel lacks the ioctl. */
void targets_init(void);

/* NR_PAGES that all targets have, at the same address. */
extern char *memory;

/* USERFAULTFD_IOC_NEW_PIDFD: the descriptor, or -errno. */
int new_by_pidfd(int pidfd, uint32_t flags);
int new_by_pid(pid_t pid);

/* A child that called fn, if not NULL, and waits to be killed. See target_write(). */
pid_t target_start(void (*fn)(void));
void target_end(pid_t pid);

/* Sends SIGUSR1 and waits until the target has written to page nr of memory. */
void target_write(pid_t pid, int nr);

/* A userfaultfd of the target, with WP_ASYNC, that has memory registered; -errno. */
int target_register(pid_t pid);

/* UFFDIO_API with WP_ASYNC and UFFDIO_REGISTER, of the memory of whoever; 0 or -errno. */
int uffd_try(int uffd, uint64_t start, uint64_t len);
int uffd_try_register(int uffd, uint64_t start, uint64_t len);

/*
 * PAGEMAP_SCAN of [start, start + len) through the descriptor of a pagemap, with PM_SCAN_WP_MATCHING if protect:
 * of pages that have all the categories of mask and one of anyof (0: any). Returns the number of pages reported, or -errno.
 */
long scan_of(int pagemap, uint64_t start, uint64_t len, uint64_t mask, uint64_t anyof, bool protect);

#endif /* UFFD_OF_H */
