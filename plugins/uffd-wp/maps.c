// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "criu-api.h"
#include "maps.h"

#define FIRST_CAPACITY 256

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* The kernel's own: can't be registered, or is not worth to try in every run. */
static bool is_special(const char *name)
{
	static const char *const special[] = { "[vvar", "[vdso]", "[uprobes]", "[vsyscall]" };
	size_t i;

	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (starts_with(name, special[i]))
			return true;

	return false;
}

/* Private huge pages look like a file of a file system of the kernel's own, one for each size. */
#define HUGE_NAME "/anon_hugepage"

bool map_parse(const char *line, uint64_t after, struct map *map)
{
	uint64_t start, end, inode, huge_size = 0;
	unsigned int major, minor;
	char shared;
	int name = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*c%*c%*c%c %*x %x:%x %" SCNu64 " %n", &start, &end, &shared, &major,
		   &minor, &inode, &name) != 6)
		return false;

	if (shared != 'p' || end <= after || is_special(line + name))
		return false;
	if (inode && starts_with(line + name, HUGE_NAME))
		huge_size = criu_hugetlb_page_size(makedev(major, minor));
	if (inode && !huge_size)
		return false;

	map->start = start > after ? start : after;
	map->end = end;
	map->huge_size = huge_size;
	/* What is in the file twice has changed meanwhile; of huge pages there are whole ones only. */
	return !huge_size || map->start % huge_size == 0;
}

int map_list_add(struct map_list *list, const struct map *map)
{
	if (list->nr == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : FIRST_CAPACITY;
		struct map *maps = reallocarray(list->maps, capacity, sizeof(*maps));

		if (!maps)
			return -ENOMEM;
		list->maps = maps;
		list->capacity = capacity;
	}

	list->maps[list->nr++] = *map;
	return 0;
}

static int read_maps(struct map_list *list, FILE *f)
{
	uint64_t after = 0;
	struct map map;
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	while (!ret && getline(&line, &size, f) > 0) {
		if (!map_parse(line, after, &map))
			continue;
		after = map.end;
		ret = map_list_add(list, &map);
	}

	free(line);
	return ret;
}

int map_list_read(struct map_list *list, pid_t pid)
{
	char path[64];
	FILE *f;
	int ret;

	list->nr = 0;
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;

	ret = read_maps(list, f);
	fclose(f);
	return ret;
}

/* Index of the first map that ends behind the address. */
static size_t find_end_behind(const struct map_list *list, uint64_t address)
{
	size_t low = 0, high = list->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->maps[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}

	return low;
}

bool map_list_overlaps(const struct map_list *list, uint64_t start, uint64_t end)
{
	size_t i = find_end_behind(list, start);

	return i < list->nr && list->maps[i].start < end;
}

void map_list_free(struct map_list *list)
{
	free(list->maps);
	*list = (struct map_list){ 0 };
}
