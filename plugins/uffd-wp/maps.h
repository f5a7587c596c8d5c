/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mappings of a task that may be tracked, out of /proc/PID/maps: private,
 * anonymous, huge pages included, and not the kernel's own. That file is cheap:
 * unlike smaps it does not walk page tables. When the task runs while it is
 * read, every mapping that was there all the time is in it (proc_pid_maps(5),
 * Documentation/filesystems/proc.rst); others may be missing, or have bounds
 * that are old already.
 */
#ifndef UFFD_WP_MAPS_H
#define UFFD_WP_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Addresses are bytes, page-aligned; [start, end). */
struct map {
	uint64_t start;
	uint64_t end;
	uint64_t huge_size; /* of its pages if they are huge ones (hugetlb), in bytes; else 0 */
};

struct map_list {
	struct map *maps; /* in ascending order, without overlaps, where nothing else is said */
	size_t nr;
	size_t capacity;
};

/*
 * One line of maps. True when it is such a mapping with something left of it
 * at or behind "after", where the one before it ended: a mapping that grew
 * while the file was read may be in it twice.
 */
bool map_parse(const char *line, uint64_t after, struct map *map);

/* Replaces the content of the list. 0 or -errno, -ESRCH when the task is gone. */
int map_list_read(struct map_list *list, pid_t pid);

/* Adds a map behind the last. 0 or -ENOMEM. */
int map_list_add(struct map_list *list, const struct map *map);

/* Whether [start, end) has a byte in common with some map of the list, which is in ascending order. */
bool map_list_overlaps(const struct map_list *list, uint64_t start, uint64_t end);

void map_list_free(struct map_list *list);

#endif /* UFFD_WP_MAPS_H */
