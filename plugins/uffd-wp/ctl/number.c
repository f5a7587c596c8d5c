// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>

#include "number.h"

int parse_number(const char *option, const char *word, unsigned long max, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = isdigit((unsigned char)*word) ? strtoul(word, &end, 10) : 0;
	if (!*number || *end || errno || *number > max) {
		warnx("%s: '%s' is not a number from 1 to %lu", option, word, max);
		return -EINVAL;
	}

	return 0;
}
