/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the keeper's tests share. Each is a program of its own, run by ./one in
 * a pid and a mount namespace of its own with an empty /run; its argument is
 * the path of the keeper. Exit status: 0 passed, 1 failed, 77 skipped; the
 * reason goes to stdout.
 */
#ifndef KEEPER_TEST_COMMON_H
#define KEEPER_TEST_COMMON_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "keeper-client.h"
#include "wire.h"

extern const char *keeper_path;
extern const char *test_argument; /* the second one; NULL when there is none */

/* The test itself, called by main(). Returns when it has passed. */
void test(void);

void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void skip(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define must(condition) \
	do { \
		if (!(condition)) \
			fail("%s:%d: %s (errno: %m)", __FILE__, __LINE__, #condition); \
	} while (0)

/* For functions that return 0 or -errno. */
#define must_return(call, wanted) \
	do { \
		int ret_ = (call), wanted_ = (wanted); \
		if (ret_ != wanted_) \
			fail("%s:%d: %s returns %d (%s), not %d", __FILE__, __LINE__, #call, ret_, \
			     ret_ < 0 ? strerror(-ret_) : "", wanted_); \
	} while (0)

/* Waits for what happens in another process. */
#define must_become(condition, ms) \
	do { \
		int left_ = (ms); \
		while (!(condition)) { \
			if (left_ <= 0) \
				fail("%s:%d: not within %d ms: %s", __FILE__, __LINE__, (ms), #condition); \
			sleep_ms(10); \
			left_ -= 10; \
		} \
	} while (0)

void sleep_ms(int ms);
int64_t now_ms(void);

/* A connection to the keeper, which is started when there is none; the test fails when that fails. */
int connect_keeper(void);

/* Connects and says nothing. -errno when that fails. */
int connect_raw(void);

/* Process that listens at the other end. */
pid_t keeper_pid(int sk);

/* Whether it runs; a zombie does not. */
bool is_alive(pid_t pid);

/* Of any process. */
int count_fds(pid_t pid);

/* Processes in our pid namespace that run the keeper program. */
int count_keepers(void);

/* SIGTERM, and waits for its end. */
void end_keeper(pid_t pid);

/* A task with a context that tracks it asynchronously. */
struct subject {
	pid_t pid;
	struct task_id id;
	int uffd;
	int pidfd;
};

void subject_start(struct subject *s);
void subject_end(struct subject *s);

/* 1 when the one page that a subject has registered is tracked now. */
int subject_is_tracked(const struct subject *s);

/* A packet of any bytes, with nr copies of the descriptor fd. 0 or -errno. */
int send_raw(int sk, const void *buf, size_t len, int nr, int fd);

/* The answer to what was sent raw: its error, or -ECONNRESET when the connection was closed. Descriptors are closed. */
int answer(int sk);

#endif /* KEEPER_TEST_COMMON_H */
