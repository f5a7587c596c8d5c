// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>

#include "proc.h"

FILE *proc_fopen(pid_t pid, const char *name)
{
	char path[64 + NAME_MAX];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

bool proc_in_doubt(void)
{
	return errno != ENOENT && errno != ESRCH;
}
