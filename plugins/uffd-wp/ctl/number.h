/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UFFD_WP_CTL_NUMBER_H
#define UFFD_WP_CTL_NUMBER_H

/* The value of an option, a number from 1 to max. 0, or -EINVAL, reported. */
int parse_number(const char *option, const char *word, unsigned long max, unsigned long *number);

#endif /* UFFD_WP_CTL_NUMBER_H */
