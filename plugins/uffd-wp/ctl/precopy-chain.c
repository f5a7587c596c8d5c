// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "precopy-chain.h"

static int check_empty(const char *path)
{
	bool chain = false, other = false;
	struct dirent *entry;
	DIR *dir;

	dir = opendir(path);
	if (!dir) {
		warn("%s", path);
		return -1;
	}

	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, "1"))
			chain = true;
		else if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			other = true;
	}
	closedir(dir);

	/* One could go on, but what its pre-dumps were made with and what was dumped since is not to be seen. */
	if (chain)
		warnx("%s has a chain already: dump on top of that, or give another directory for a new one", path);
	else if (other)
		warnx("%s is not empty: give an empty directory, or the name of a new one", path);
	return chain || other ? -1 : 0;
}

char *chain_prepare(const char *path)
{
	char *absolute;

	/* Images have all that is in the memory of the target. */
	if (mkdir(path, 0700) && errno != EEXIST) {
		warn("can't make the directory %s", path);
		return NULL;
	}
	if (check_empty(path))
		return NULL;

	absolute = realpath(path, NULL);
	if (!absolute)
		warn("%s", path);
	return absolute;
}

char *chain_subdir(const char *dir, const char *subdir)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, subdir) < 0)
		err(EXIT_FAILURE, "%s", dir);
	return path;
}

int chain_make_subdir(const char *dir, const char *subdir)
{
	char *path = chain_subdir(dir, subdir);
	int ret;

	ret = mkdir(path, 0700);
	if (ret)
		warn("can't make the directory %s", path);
	free(path);
	return ret;
}
