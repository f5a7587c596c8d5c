/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the PAGEMAP_SCAN and UFFD_FEATURE_WP_ASYNC interface have in common. The interface is spelled
 * out here, and not taken from the headers of the machine that compiles: it is what is tested.
 */
#ifndef TEST_KERNEL_ABI_H
#define TEST_KERNEL_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/userfaultfd.h>

#define PAGEMAP_SCAN_NR		 0xc0606610u
#define SCAN_WP			 (1 << 0)
#define SCAN_CHECK		 (1 << 1)
#define IS_WPALLOWED		 (1 << 0)
#define IS_WRITTEN		 (1 << 1)
#define IS_FILE			 (1 << 2)
#define IS_PRESENT		 (1 << 3)
#define IS_SWAPPED		 (1 << 4)
#define IS_PFNZERO		 (1 << 5)
#define IS_HUGE			 (1 << 6)
#define IS_SOFT_DIRTY		 (1 << 7)
#define IS_ANY			 0x7f /* without soft-dirty, which depends on what ran before */
#define FEATURE_WP_UNPOPULATED	 (1ull << 13)
#define FEATURE_WP_ASYNC	 (1ull << 15)

struct region {
	uint64_t start, end, categories;
};

struct scan_arg {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

extern size_t page; /* bytes */

/*
 * Counts a result and prints "pass NAME", or "fail NAME: got, wanted". In expect_or, reference is what kernels without
 * the fixes answer: it is what is wanted when the program runs as "PROGRAM --reference".
 */
void expect(const char *name, const char *got, const char *want);
void expect_or(const char *name, const char *got, const char *want, const char *reference);
void expect_true(const char *name, bool got);
void skip(const char *name, const char *why);
/* To be the last thing: prints "N passed, N failed, N skipped"; the exit status. */
int summary(void);
/* Files are made in TMPDIR, or /tmp. */
void start_test(int argc, char **argv);

/* Ends the program if something fails that is not what is tested. */
void die(const char *what) __attribute__((noreturn));

/* A context with these features; -1 with errno set if the kernel refuses. */
int uffd_open(uint64_t features);
int uffd_register(int uffd, void *addr, size_t len);
void uffd_unregister(int uffd, void *addr, size_t len);
int uffd_protect(int uffd, void *addr, size_t len, bool protect);

/* mmap that does not fail. */
char *map(size_t len, int flags, int fd);

/* A scan with these masks, of this process, or of what *fd is the pagemap of. Returns what the ioctl does, or -errno. */
int scan_raw(struct scan_arg *arg);
extern int scan_fd;
/*
 * All of a range, as text: "FIRST-LAST:LETTERS" for each region, in pages from start, a letter for each category
 * (a w f p s z h, in the order of the bits); "-" for none; "error N".
 */
const char *scan(void *start, size_t len, uint64_t mask, uint64_t anyof, uint64_t flags);
/* Which pages with content have been written to; then all of it is protected. */
const char *written(void *start, size_t len);

#endif
