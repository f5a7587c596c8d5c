/* SPDX-License-Identifier: GPL-2.0 */
/* Which criu, and its command lines. */
#ifndef UFFD_WP_CTL_PRECOPY_CRIU_H
#define UFFD_WP_CTL_PRECOPY_CRIU_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct criu {
	char *path;
	pid_t pid; /* of the target */
	char *dir; /* of the chain; absolute */
	char **options; /* the user's, for all actions; ends with NULL */
};

/* A path, or a name to be found in PATH, as a path for the caller to free; NULL: there is none that can be run. */
char *program_find(const char *name);

/* Programs that we run find this one first, as runtimes do with criu. */
void program_put_first(const char *path);

/* given: as with --criu, or NULL. Returns a path for the caller to free; NULL: reported. */
char *criu_find(const char *given);

/*
 * The words of a live pre-dump into the directory n, on top of n - 1, and of a dump into
 * CHAIN_FINAL, on top of n. They end with NULL; criu_free_words() frees them.
 */
char **criu_pre_dump_words(const struct criu *criu, size_t n);
char **criu_dump_words(const struct criu *criu, size_t n);
void criu_free_words(char **words);

/* Prints them for a shell, as a line. */
void criu_print_words(char **words);

#endif /* UFFD_WP_CTL_PRECOPY_CRIU_H */
