/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the target leaves out, to find out what a failure depends on: words in
 * the file "without" of its directory.
 */
#ifndef STRESS_WITHOUT_H
#define STRESS_WITHOUT_H

#include <stdbool.h>

/* Once, before the first thread. */
void without_init(void);

bool without(const char *word);

#endif /* STRESS_WITHOUT_H */
