// SPDX-License-Identifier: GPL-2.0
#include <ftw.h>
#include <stdio.h>

#include "remove.h"

#define MAX_FDS 16

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	remove(path);
	return 0;
}

void remove_tree(const char *path)
{
	nftw(path, remove_one, MAX_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
