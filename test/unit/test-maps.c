// SPDX-License-Identifier: GPL-2.0
/* Mappings out of /proc/PID/maps. */
#include <stdint.h>
#include <stdio.h>

#include "criu-api.h"
#include "maps.h"
#include "unit.h"

#define HUGE_DEV 0x0510 /* makedev(5, 0x10) */
#define HUGE	 0x200000

/* In place of CRIU's */
uint64_t criu_hugetlb_page_size(uint64_t dev)
{
	return dev == HUGE_DEV ? HUGE : 0;
}

static struct map_list list;

static int setup(void **state)
{
	(void)state;
	list = (struct map_list){ 0 };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	map_list_free(&list);
	return 0;
}

static void add(struct map_list *to, uint64_t start, uint64_t end)
{
	struct map map = { .start = start, .end = end };

	assert_int_equal(map_list_add(to, &map), 0);
}

static void anonymous_mappings_are_parsed(void **state)
{
	struct map map;

	(void)state;
	assert_true(map_parse("7f0000000000-7f0000002000 rw-p 00000000 00:00 0 \n", 0, &map));
	assert_int_equal(map.start, 0x7f0000000000);
	assert_int_equal(map.end, 0x7f0000002000);
	assert_true(map_parse("1000-2000 ---p 00000000 00:00 0 [heap]\n", 0, &map));
	assert_true(map_parse("1000-2000 rw-p 00000000 00:00 0 [anon:name]\n", 0, &map));
}

static void others_are_left_out(void **state)
{
	struct map map;

	(void)state;
	assert_false(map_parse("1000-2000 rw-s 00000000 00:01 12 /dev/zero (deleted)\n", 0, &map));
	assert_false(map_parse("1000-2000 rw-p 00000000 fe:00 12 /usr/bin/a b\n", 0, &map));
	assert_false(map_parse("not a line of maps\n", 0, &map));
	assert_false(map_parse("", 0, &map));
}

static void private_huge_pages_are_parsed(void **state)
{
	struct map map;

	(void)state;
	assert_true(map_parse("200000-600000 rw-p 00000000 05:10 7 /anon_hugepage (deleted)\n", 0, &map));
	assert_int_equal(map.start, 0x200000);
	assert_int_equal(map.end, 0x600000);
	assert_int_equal(map.huge_size, HUGE);
	assert_true(map_parse("1000-2000 rw-p 00000000 00:00 0 \n", 0, &map));
	assert_int_equal(map.huge_size, 0);
	/* Shared; of another file system; a file of that name on one that is mounted; of another name; in part */
	assert_false(map_parse("200000-600000 rw-s 00000000 05:10 7 /anon_hugepage (deleted)\n", 0, &map));
	assert_false(map_parse("200000-600000 rw-p 00000000 05:11 7 /anon_hugepage (deleted)\n", 0, &map));
	assert_false(map_parse("200000-600000 rw-p 00000000 fe:00 7 /anon_hugepage\n", 0, &map));
	assert_false(map_parse("200000-600000 rw-p 00000000 05:10 7 /memfd:x (deleted)\n", 0, &map));
	assert_false(map_parse("200000-600000 rw-p 00000000 05:10 7 /anon_hugepage (deleted)\n", 0x201000, &map));
}

static void special_ones_are_left_out(void **state)
{
	static const char *const names[] = { "[vvar]", "[vvar_vclock]", "[vdso]", "[uprobes]", "[vsyscall]" };
	char line[128];
	struct map map;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(line, sizeof(line), "1000-2000 r-xp 00000000 00:00 0 %s\n", names[i]);
		assert_false(map_parse(line, 0, &map));
	}
}

/* A mapping may grow, or merge with its neighbour, while the file is read. */
static void no_byte_is_there_twice(void **state)
{
	struct map map;

	(void)state;
	assert_true(map_parse("1000-5000 rw-p 00000000 00:00 0\n", 0x3000, &map));
	assert_int_equal(map.start, 0x3000);
	assert_int_equal(map.end, 0x5000);
	assert_false(map_parse("1000-3000 rw-p 00000000 00:00 0\n", 0x3000, &map));
}

static void overlaps_are_found(void **state)
{
	(void)state;
	assert_false(map_list_overlaps(&list, 0, UINT64_MAX));
	add(&list, 10, 20);
	add(&list, 30, 40);
	assert_false(map_list_overlaps(&list, 0, 10));
	assert_true(map_list_overlaps(&list, 0, 11));
	assert_true(map_list_overlaps(&list, 19, 25));
	assert_false(map_list_overlaps(&list, 20, 30));
	assert_true(map_list_overlaps(&list, 15, 35));
	assert_true(map_list_overlaps(&list, 39, 50));
	assert_false(map_list_overlaps(&list, 40, 50));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anonymous_mappings_are_parsed),
		cmocka_unit_test(others_are_left_out),
		cmocka_unit_test(private_huge_pages_are_parsed),
		cmocka_unit_test(special_ones_are_left_out),
		cmocka_unit_test(no_byte_is_there_twice),
		cmocka_unit_test_setup_teardown(overlaps_are_found, setup, teardown),
	};

	return cmocka_run_group_tests_name("mappings", tests, NULL, NULL);
}
