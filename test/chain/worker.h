/* SPDX-License-Identifier: GPL-2.0 */
/* More tasks: workers belong to the dumped tree, helpers outside it do not. */
#ifndef CHAIN_WORKER_H
#define CHAIN_WORKER_H

#include <sys/types.h>

struct worker {
	pid_t pid;
	int to, from; /* pipes of orders and answers */
};

/* Called in the worker with the number that worker_call() got. */
typedef void (*worker_fn)(int order);

#define WORKER_CHECK (-1) /* answered by the worker itself: model_check() */

/*
 * Forks a worker: it starts with a copy of the caller's memory and model, and
 * writes rules and model of its own after each order.
 */
void worker_start(struct worker *w, worker_fn fn);

/* Returns when the worker has done it; fail()s when it died. */
void worker_call(struct worker *w, int order);

/* The two halves of worker_call(). */
void worker_send(struct worker *w, int order);
void worker_wait(struct worker *w);

/* Lets the worker exit and reaps it. */
void worker_end(struct worker *w);

/* For a task that is made some other way: serves orders from w; returns never. */
__attribute__((noreturn)) void worker_serve(struct worker *w, worker_fn fn);

/* Creates the two pipes; both ends stay open in every process: fds[0..1] orders, fds[2..3] answers. */
void worker_pipes(int fds[4]);

/* Runs fn(arg) in a child that is gone when this returns; fail()s unless it exits with 0. */
void in_child(int (*fn)(void *arg), void *arg);

/* Keeps the descriptor open in a task outside the dumped tree, for as long as the test runs. */
void keep_open_outside(int fd);

#endif /* CHAIN_WORKER_H */
