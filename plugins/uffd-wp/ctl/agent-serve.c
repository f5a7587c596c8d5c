// SPDX-License-Identifier: GPL-2.0
/* Pages come to a criu page-server. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

/* Of a dump or pre-dump, however large. */
#define SERVER_MS (24 * 3600 * 1000)

/* On a port of its own. Returns a descriptor; -1: *why is a constant text */
static int listen_on(const char *address, unsigned short *port, const char **why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found;
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	int fd, ret;

	ret = getaddrinfo(address, "0", &hints, &found);
	if (ret) {
		*why = gai_strerror(ret);
		return -1;
	}

	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, 1) ||
	    getsockname(fd, (struct sockaddr *)&own, &len)) {
		*why = strerrordesc_np(errno);
		if (fd >= 0)
			close(fd);
		fd = -1;
	} else {
		*port = ntohs(own.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&own)->sin6_port :
							  ((struct sockaddr_in *)&own)->sin_port);
	}

	freeaddrinfo(found);
	return fd;
}

static pid_t start_server(struct agent *agent, unsigned int n, int connection)
{
	struct words words = { 0 };
	pid_t pid;

	words_add(&words, "%s", agent->criu);
	words_add(&words, "page-server");
	words_add(&words, "--images-dir");
	words_add(&words, "%s", agent->dir);
	if (n > 1) {
		words_add(&words, "--prev-images-dir");
		words_add(&words, "../%u", n - 1);
	}
	/* Not where the disk is full. */
	words_add(&words, "--log-file");
	words_add(&words, "/dev/stdout");
	words_add(&words, "--ps-socket");
	words_add(&words, "3");
	words_add_all(&words, agent->server_options.word);
	pid = agent_spawn(agent, words.word, connection);
	words_free(&words);
	return pid;
}

static void serve(struct agent *agent, unsigned int n, int listener)
{
	int connection = -1, status = -1;
	pid_t pid = -1;

	/* A line: the other criu has ended without. */
	if (agent_wait(agent, listener, true, -1) == AGENT_EVENT)
		connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);

	if (connection >= 0) {
		pid = start_server(agent, n, connection);
		close(connection);
	}
	if (pid > 0)
		status = agent_reap(agent, pid, SERVER_MS);

	free(agent->server_error);
	agent->server_error = NULL;
	if (connection < 0)
		agent->server_error = strdup("nobody connected to it: is there a firewall? --address names an address "
					     "to use");
	else if (status)
		agent->server_error = agent_why(agent, NULL);
}

/* Bytes of pages that came. */
static unsigned long long count_bytes(const char *path)
{
	unsigned long long bytes = 0;
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "pages-", 6) && !fstatat(dirfd(dir), entry->d_name, &st, 0))
			bytes += st.st_size;
	if (dir)
		closedir(dir);
	return bytes;
}

/* The other criu has ended, or has nothing more to send. Answers with the number of bytes. */
void agent_served(struct agent *agent, const char *arguments)
{
	(void)arguments;
	if (agent->server_error)
		agent_error(agent, "the page server there failed: %s", agent->server_error);
	else
		agent_ok(agent, "%llu", count_bytes(agent->dir));
}

/* N ADDRESS: the pages of iteration N are to come to ADDRESS, of this host. Answers with the port. */
void agent_serve(struct agent *agent, const char *arguments)
{
	unsigned short port = 0;
	const char *why = NULL;
	char address[256];
	unsigned int n;
	int fd;

	if (sscanf(arguments, "%u %255s", &n, address) != 2) {
		agent_error(agent, "no address");
		return;
	}

	fd = listen_on(address, &port, &why);
	if (fd < 0) {
		agent_error(agent, "can't listen on %s there: %s; give --address one that the host has, for the "
			    "memory to be sent to", address, why);
		return;
	}

	agent_ok(agent, "%u", port);
	serve(agent, n, fd);
}
