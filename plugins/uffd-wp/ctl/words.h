/* SPDX-License-Identifier: GPL-2.0 */
/* A command line in the making. It ends with NULL at any time but before the first word. */
#ifndef UFFD_WP_CTL_WORDS_H
#define UFFD_WP_CTL_WORDS_H

#include <stddef.h>

struct words {
	size_t nr;
	char **word;
};

void words_add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
void words_add_all(struct words *words, char **more); /* ends with NULL; or NULL */
void words_free(struct words *words);

#endif /* UFFD_WP_CTL_WORDS_H */
