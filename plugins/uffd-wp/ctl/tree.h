/* SPDX-License-Identifier: GPL-2.0 */
/* A process and its descendants. */
#ifndef UFFD_WP_CTL_TREE_H
#define UFFD_WP_CTL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tree {
	pid_t *pids; /* the root first */
	size_t nr;
};

/* As it is at some moment; a process that is gone has none. The caller frees it. */
void tree_collect(pid_t root, struct tree *tree);
void tree_free(struct tree *tree);

/* Kills all but the root, and what they fork meanwhile, until nothing is left but zombies. */
void tree_kill_descendants(pid_t root);

/* Kills a tree, and what it forks meanwhile, until nothing of it is left but zombies. */
void tree_kill(pid_t root);

/* State of a process as of proc_pid_stat(5); 'X' if there is none. */
char process_state(pid_t pid);

/* Memory that a dump stores, in bytes: resident, but for files, and swapped out. */
uint64_t tree_memory(const struct tree *tree);

#endif /* UFFD_WP_CTL_TREE_H */
