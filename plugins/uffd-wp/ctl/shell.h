/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_SHELL_H
#define UFFD_WP_CTL_SHELL_H

#include <stdio.h>

/* Writes a word so that a shell takes it for one. */
void shell_print_word(FILE *out, const char *word);

#endif /* UFFD_WP_CTL_SHELL_H */
