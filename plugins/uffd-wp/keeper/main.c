// SPDX-License-Identifier: GPL-2.0
/*
 * uffd-wp-keeper: holds the userfaultfds of tracked tasks between two runs of
 * CRIU, and remembers which run protected their pages last.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../keeper-path.h"
#include "connections.h"
#include "daemon.h"
#include "held.h"
#include "keeper.pb-c.h"
#include "listener.h"
#include "log.h"
#include "loop.h"
#include "notify.h"
#include "passed.h"
#include "watch.h"

#define TASKS_MAX    16384
#define OTHER_FDS    (CONNECTIONS_MAX + 32) /* 32: log, lock, listener, epoll, those of a request, and to spare */
#define FDS_WANTED   (2 * TASKS_MAX + OTHER_FDS)
#define IDLE_EXIT_MS 5000

static const char *stop_reason;

static void usage(FILE *out)
{
	fputs("Usage: uffd-wp-keeper [--foreground]\n"
	      "Holds the userfaultfds of tasks tracked by CRIU's uffd-wp plugin, which starts it when needed.\n"
	      "It exits when there has been nothing to hold for 5 seconds.\n"
	      "\n"
	      "  --foreground  stay in the foreground, log to stderr\n"
	      "  --help        show this text\n"
	      "  --version     show the version\n"
	      "\n"
	      "Exit status: 0 listens (--foreground: has ended), 1 failed, 2 usage, 3 another one runs.\n",
	      out);
}

/* -1: go on; else the exit status. */
static int parse_options(int argc, char **argv, bool *foreground)
{
	static const struct option options[] = {
		{ "foreground", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'f':
			*foreground = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		case 'V':
			printf("uffd-wp-keeper %s, protocol %d\n", VERSION, UFFD_WP__PROTOCOL__VERSION);
			return 0;
		default:
			usage(stderr);
			return KEEPER_USAGE;
		}
	}

	if (optind < argc) {
		usage(stderr);
		return KEEPER_USAGE;
	}

	return -1;
}

static void on_signal(struct source *source)
{
	struct signalfd_siginfo info;

	if (read(source->fd, &info, sizeof(info)) == sizeof(info))
		stop_reason = strsignal(info.ssi_signo);
}

static void on_unreachable(void)
{
	stop_reason = "its socket was removed";
}

static int watch_signals(void)
{
	static struct source signals = { .ready = on_signal };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);

	signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals.fd < 0 ? -errno : loop_add(&signals);
}

static size_t max_tasks(void)
{
	size_t fds = raise_fd_limit(FDS_WANTED);

	if (fds >= FDS_WANTED)
		return TASKS_MAX;
	return fds > OTHER_FDS ? (fds - OTHER_FDS) / 2 : 0;
}

/* enum keeper_exit; KEEPER_LISTENS: ready to serve. */
static int set_up(void)
{
	const char *why = "can't watch descriptors";
	int fd, ret;

	held_init(max_tasks());

	ret = fd = listener_open(passed_socket(), &why);
	if (ret == -EALREADY) {
		log_message(LOG_INFO, "%s", why);
		return KEEPER_RUNS_ALREADY;
	}

	if (ret >= 0)
		ret = loop_init();
	if (!ret)
		ret = watch_signals();
	if (!ret)
		ret = watch_start(on_unreachable);
	if (!ret)
		ret = connections_init(fd);
	if (ret) {
		log_message(LOG_ERR, "can't start: %s (%s)", why, strerror(-ret));
		listener_close();
		return KEEPER_FAILED;
	}

	held_restore();
	log_message(LOG_INFO, "version %s started, room for %zu tasks", VERSION, held_table()->max);
	return KEEPER_LISTENS;
}

static void serve(void)
{
	uint64_t idle_since = now_ms(), idle_ms;
	int ret = 0;

	while (!stop_reason && !ret) {
		bool busy = held_table()->nr || connections_nr();

		idle_ms = now_ms() - idle_since;
		if (!busy && idle_ms >= IDLE_EXIT_MS) {
			stop_reason = "nothing to hold";
			break;
		}

		ret = loop_wait(busy ? -1 : (int)(IDLE_EXIT_MS - idle_ms));
		if (busy)
			idle_since = now_ms();
	}

	if (ret)
		stop_reason = strerror(-ret);
}

int main(int argc, char **argv)
{
	bool foreground = false;
	int ret;

	ret = parse_options(argc, argv, &foreground);
	if (ret >= 0)
		return ret;

	shed_inheritance(PASSED_FD + passed_nr());
	log_open(foreground);
	if (foreground)
		notify_init();

	if (!foreground) {
		ret = daemonize();
		if (ret) {
			log_message(LOG_ERR, "can't fork: %s", strerror(-ret));
			return KEEPER_FAILED;
		}
		leave_cgroups();
	}

	ret = set_up();
	if (!foreground)
		daemon_ready(ret);
	if (ret)
		return ret;
	notify("READY=1", NULL, 0);

	serve();
	/* First of all: who connects from now on shall start another one. */
	listener_close();
	log_message(LOG_INFO, "ends: %s", stop_reason);
	/* What we hold is closed with us. A service manager may have stored it for the next keeper. */
	return 0;
}
