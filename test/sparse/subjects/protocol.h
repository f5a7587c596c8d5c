/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the runner and a process of a subject say to each other, in files of a
 * directory: when go-N is there (N counts from 1), the process does its Nth step
 * and then writes done-N.PID, "ok" or "fail REASON". In between it sleeps and
 * looks: no descriptor stays open. Each process of the subject does so.
 */
#ifndef SPARSE_PROTOCOL_H
#define SPARSE_PROTOCOL_H

/*
 * Calls step(1), step(2), ... for ever. step() checks all memory of the process,
 * changes part of it, and returns NULL or what is wrong. The first done file
 * is done-0, written at once.
 */
void follow(const char *directory, const char *(*step)(int n));

#endif
