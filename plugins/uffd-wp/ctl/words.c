// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "words.h"

void words_add(struct words *words, const char *format, ...)
{
	va_list args;

	words->word = reallocarray(words->word, words->nr + 2, sizeof(*words->word));
	va_start(args, format);
	if (!words->word || vasprintf(&words->word[words->nr++], format, args) < 0)
		err(EXIT_FAILURE, "command line");
	va_end(args);
	words->word[words->nr] = NULL;
}

void words_add_all(struct words *words, char **more)
{
	for (; more && *more; more++)
		words_add(words, "%s", *more);
}

void words_free(struct words *words)
{
	size_t i;

	for (i = 0; i < words->nr; i++)
		free(words->word[i]);
	free(words->word);
	*words = (struct words){ 0 };
}
