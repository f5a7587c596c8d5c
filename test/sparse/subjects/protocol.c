// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "protocol.h"

#define POLL_USEC 5000

static void report(const char *directory, int n, const char *problem)
{
	char path[512], temporary[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/done-%d.%d", directory, n, (int)getpid());
	snprintf(temporary, sizeof(temporary), "%s/temporary.%d", directory, (int)getpid());
	f = fopen(temporary, "w");
	if (!f || fprintf(f, "%s%s", problem ? "fail " : "ok", problem ? problem : "") < 0 || fclose(f) ||
	    rename(temporary, path))
		abort();
}

static void wait_for_go(const char *directory, int n)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/go-%d", directory, n);
	while (access(path, F_OK))
		usleep(POLL_USEC);
}

void follow(const char *directory, const char *(*step)(int n))
{
	int n;

	report(directory, 0, NULL);
	for (n = 1;; n++) {
		wait_for_go(directory, n);
		report(directory, n, step(n));
	}
}
