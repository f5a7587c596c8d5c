/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the reproducers of kernel defects share. Each is a program without
 * arguments that prints one line and exits with FIXED, DEFECT, or, where the
 * kernel does not have the interface, NOT_APPLICABLE. Whatever else goes wrong
 * ends it with ERROR.
 */
#ifndef KTEST_H
#define KTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "../../plugins/uffd-wp/uapi.h"

#ifndef UFFD_FEATURE_WP_ASYNC_PINNED
#define UFFD_FEATURE_WP_ASYNC_PINNED (1 << 24) /* kernel-patches */
#endif

/* Bytes */
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define HUGE_PAGE (PAGE * (PAGE / sizeof(uint64_t))) /* what a page table maps */
#define MAX_PAGE (64UL << 10)

enum { FIXED = 0, DEFECT = 1, ERROR = 99, NOT_APPLICABLE = 77 };

/* Prints the line and ends the program. */
void fixed(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void defect(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void not_applicable(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* With errno. */
void error(const char *what) __attribute__((noreturn));

/* defect() if the condition holds, else fixed(); with the same line. */
#define judge(is_defect, ...) \
	do { \
		if (is_defect) \
			defect(__VA_ARGS__); \
		fixed(__VA_ARGS__); \
	} while (0)

/* A userfaultfd with UFFD_FEATURE_WP_ASYNC; not_applicable() without PAGEMAP_SCAN. */
int uffd_async(void);
/* A userfaultfd that sends messages, with UFFD_FEATURE_PAGEFAULT_FLAG_WP, as kernels have it without PAGEMAP_SCAN. */
int uffd_sync(void);
/* Features of the kernel. */
uint64_t uffd_features(void);
void uffd_register(int uffd, void *start, size_t length);
void uffd_unregister(int uffd, void *start, size_t length);
void uffd_protect(int uffd, void *start, size_t length);

/* Flags of an entry of /proc/self/pagemap */
#define ENTRY_UFFD_WP (1ULL << 57) /* write-protected by a userfaultfd */
#define ENTRY_SWAPPED (1ULL << 62)
/* Number of pages whose entry in /proc/self/pagemap has the flag. */
long count_entries(void *start, size_t length, uint64_t flag);

/* mmap() that does not fail; the memory is not of huge pages. */
void *map(size_t length, int flags, int fd);
/* An anonymous mapping that begins at a multiple of HUGE_PAGE, for huge pages. */
void *map_aligned(size_t length);
/* A file with that many bytes, each of them 'f', in TMPDIR or /tmp. */
int temporary_file(size_t length);
/* hugetlb pages for this test; not_applicable() if there are none to be had. */
void need_huge_pages(unsigned count);

/* One PAGEMAP_SCAN of our memory: returns the number of regions, or -1; arg is filled in but for those given. */
long scan(struct pm_scan_arg *arg, void *start, size_t length, struct page_region *regions, size_t n_regions);

/* The usual masks: pages with content that were written; protects them if asked to. Returns the number of pages. */
long scan_written(void *start, size_t length, bool protect);
/* Number of pages for which the entry has all of these categories; nothing is protected. */
long count_pages(void *start, size_t length, uint64_t categories);

#endif /* KTEST_H */
