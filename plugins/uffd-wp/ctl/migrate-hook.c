// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "migrate-channel.h"
#include "migrate-hook.h"
#include "precopy-chain.h"
#include "shell.h"

#define ACTION_SIZE 32
#define ASK_SECONDS 5

static int make_address(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path)) {
		warnx("%s: the name is too long for a socket, choose a directory with a shorter one", path);
		return -1;
	}

	strcpy(address->sun_path, path);
	return 0;
}

/* criu runs it for every action: those of no interest must not take time. */
static int write_script(const char *path, const char *socket_path)
{
	char self[PATH_MAX];
	ssize_t len;
	FILE *f;
	int fd;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	f = fd < 0 || len < 0 ? NULL : fdopen(fd, "w");
	if (!f) {
		warn("can't make %s", path);
		return -1;
	}

	self[len] = '\0';
	fputs("#!/bin/sh\ncase $CRTOOLS_SCRIPT_ACTION in\n" HOOK_PRE_DUMP "|" HOOK_POST_DUMP "|" HOOK_POST_RESTORE
	      ") exec ", f);
	shell_print_word(f, self);
	fputs(" migrate-hook ", f);
	shell_print_word(f, socket_path);
	fputs(" \"$CRTOOLS_SCRIPT_ACTION\" ;;\nesac\n", f);
	if (fclose(f)) {
		warn("can't write %s", path);
		return -1;
	}

	return 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address;
	int fd;

	if (make_address(path, &address))
		return -1;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 4))
		return fd;

	warn("can't listen on %s", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

int hook_listen(const char *dir)
{
	char *script = chain_subdir(dir, HOOK_SCRIPT), *socket_path = chain_subdir(dir, HOOK_SOCKET);
	int fd = -1;

	if (!write_script(script, socket_path))
		fd = listen_at(socket_path);

	free(script);
	free(socket_path);
	return fd;
}

int hook_accept(int listener, char *action)
{
	struct pollfd readable = { .events = POLLIN };
	ssize_t len = 0, part;
	int fd;

	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return -1;

	readable.fd = fd;
	while (len < ACTION_SIZE - 1 && poll(&readable, 1, ASK_SECONDS * 1000) > 0) {
		part = read(fd, action + len, ACTION_SIZE - 1 - len);
		if (part <= 0)
			break;
		len += part;
		if (action[len - 1] == '\n') {
			action[len - 1] = '\0';
			return fd;
		}
	}

	close(fd);
	return -1;
}

int hook_answer(int fd, enum hook_answer answer)
{
	char c = answer;
	ssize_t len = send(fd, &c, 1, MSG_NOSIGNAL);

	if (answer != HOOK_HOLD)
		close(fd);
	return len == 1 ? 0 : -1;
}

/*
 * migrate is gone. The other side finds that out in CHANNEL_LEASE_MS at the
 * latest and ends what it restored: then the tasks may run on here. If it was
 * told to keep them, which is what HOOK_HOLD says, somebody has to look.
 */
static int without_answer(const char *action, bool hold)
{
	if (strcmp(action, HOOK_POST_DUMP))
		return 1;

	if (hold) {
		warnx("migrate was killed while it handed over: the tasks stay stopped here. Do they run on the other "
		      "host? If so kill them, else kill this process, %d", getpid());
		for (;;)
			pause();
	}

	usleep(CHANNEL_SAFE_MS * 1000);
	return 1;
}

int cmd_migrate_hook(const struct arguments *args)
{
	struct sockaddr_un address;
	bool hold = false;
	char c;
	int fd;

	if (make_address(args->words[0], &address))
		return EXIT_FAILED;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    dprintf(fd, "%s\n", args->words[1]) < 0) {
		warn("%s: migrate does not listen", args->words[0]);
		return EXIT_FAILED;
	}

	while (read(fd, &c, 1) == 1) {
		if (c != HOOK_HOLD)
			return c == HOOK_YES ? EXIT_OK : EXIT_FAILED;
		hold = true;
	}

	return without_answer(args->words[1], hold);
}
