// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "criu-version.h"

static pid_t spawn(const char *path, int out)
{
	char *argv[] = { (char *)path, "--version", NULL };
	posix_spawn_file_actions_t files;
	pid_t pid;
	int ret;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	ret = posix_spawn(&pid, path, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return ret ? -1 : pid;
}

int criu_version(const char *path, char version[CRIU_VERSION_SIZE])
{
	char line[256];
	int fds[2], ret = -1;
	pid_t pid;
	FILE *f;

	if (pipe2(fds, O_CLOEXEC))
		return -1;

	pid = spawn(path, fds[1]);
	close(fds[1]);
	f = fdopen(fds[0], "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Version: %63s", version) == 1)
			ret = 0;
	if (f)
		fclose(f);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return ret;
}
