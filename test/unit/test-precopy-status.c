// SPDX-License-Identifier: GPL-2.0
/* The lines that criu writes to --status-fd, and what must not be taken for one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl/precopy-status.h"
#include "unit.h"

#define SIZES "\"total_bytes\": 100, \"scanned_bytes\": 90, \"written_bytes\": 80, "
#define KNOWN "\"rate\": 70, \"dirty_rate\": 60, \"estimated_stop_us\": 50}"
#define END "{\"event\": \"end\", \"success\": true, " SIZES KNOWN

static void end_of_success(void **state)
{
	struct precopy_status s;

	(void)state;
	assert_int_equal(precopy_status_parse(END, &s), 0);
	assert_true(s.end);
	assert_true(s.success);
	assert_true(s.estimated);
	assert_int_equal(s.scanned, 90);
	assert_int_equal(s.written, 80);
	assert_int_equal(s.rate, 70);
	assert_int_equal(s.dirty_rate, 60);
	assert_int_equal(s.stop_us, 50);
}

static void end_of_failure(void **state)
{
	struct precopy_status s;

	(void)state;
	assert_int_equal(precopy_status_parse("{\"event\": \"end\", \"success\": false, " SIZES KNOWN, &s), 0);
	assert_true(s.end);
	assert_false(s.success);
}

static void progress(void **state)
{
	struct precopy_status s;

	(void)state;
	assert_int_equal(precopy_status_parse("{\"event\": \"progress\", " SIZES KNOWN, &s), 0);
	assert_false(s.end);
	assert_false(s.success);
}

static void nothing_known(void **state)
{
	struct precopy_status s;

	(void)state;
	assert_int_equal(precopy_status_parse("{\"event\": \"end\", \"success\": true, " SIZES
					      "\"rate\": 7, \"dirty_rate\": null, \"estimated_stop_us\": null}", &s),
			 0);
	assert_false(s.estimated);
	assert_int_equal(s.rate, 7);
}

static void unknown_keys_do_not_matter(void **state)
{
	struct precopy_status s;

	(void)state;
	assert_int_equal(precopy_status_parse("{\"x\": 1, \"event\": \"progress\", \"y\": \"z\", " SIZES KNOWN, &s), 0);
	assert_int_equal(s.rate, 70);
}

static void largest_number(void **state)
{
	struct precopy_status s;

	(void)state;
	assert_int_equal(precopy_status_parse("{\"event\": \"progress\", \"scanned_bytes\": 18446744073709551615, "
					      "\"written_bytes\": 0, " KNOWN, &s), 0);
	assert_true(s.scanned == UINT64_MAX);
	assert_int_equal(s.written, 0);
}

static void others_are_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"{",
		"{}",
		"null",
		"\"event\": \"progress\", " SIZES KNOWN,
		"{\"event\": \"start\", " SIZES KNOWN,
		"{\"event\": progress, " SIZES KNOWN,
		"{\"event\": \"end\", " SIZES KNOWN,
		"{\"event\": \"end\", \"success\": 1, " SIZES KNOWN,
		"{\"event\": \"end\", \"success\": trueish, " SIZES KNOWN,
		"{\"event\": \"progress\", " KNOWN,
		"{\"event\": \"progress\", " SIZES "\"rate\": 70}",
		"{\"event\": \"progress\", " SIZES "\"dirty_rate\": 1, \"estimated_stop_us\": 1}",
		"{\"event\": \"progress\", " SIZES "\"rate\": null, \"dirty_rate\": 1, \"estimated_stop_us\": 1}",
		"{\"event\": \"progress\", " SIZES "\"rate\": 1, \"dirty_rate\": 1, \"estimated_stop_us\": null}",
		"{\"event\": \"progress\", " SIZES "\"rate\": 1, \"dirty_rate\": null, \"estimated_stop_us\": 1}",
		"{\"event\": \"progress\", " SIZES "\"rate\": -1, \"dirty_rate\": 1, \"estimated_stop_us\": 1}",
		"{\"event\": \"progress\", " SIZES "\"rate\":  1, \"dirty_rate\": 1, \"estimated_stop_us\": 1}",
		"{\"event\": \"progress\", " SIZES "\"rate\": 1.5, \"dirty_rate\": 1, \"estimated_stop_us\": 1}",
		"{\"event\": \"progress\", " SIZES
		"\"rate\": 18446744073709551616, \"dirty_rate\": 1, \"estimated_stop_us\": 1}",
		"{\"event\": \"progress\", " SIZES "\"rate\": 1, \"dirty_rate\": 1, \"estimated_stop_us\": 1, \"x\": ",
		"{\"event\": \"progress\", " SIZES "\"rate\": , \"dirty_rate\": 1, \"estimated_stop_us\": 1}",
	};
	struct precopy_status s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (precopy_status_parse(lines[i], &s) != -EINVAL)
			fail_msg("taken for a status: %s", lines[i]);
}

/* A line that was cut off anywhere is none. */
static void cut_off(void **state)
{
	char line[sizeof(END)];
	struct precopy_status s;
	size_t len;

	(void)state;
	for (len = 0; len < strlen(END); len++) {
		memcpy(line, END, len);
		line[len] = '\0';
		assert_int_equal(precopy_status_parse(line, &s), -EINVAL);
	}
}

/* As precopy_status_read(), of a file with that text. */
static int read_file(const char *text, struct precopy_status *s)
{
	int fd = memfd_create("status", MFD_CLOEXEC), ret;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	ret = precopy_status_read(fd, s);
	/* It goes on to be written where it was. */
	assert_int_equal(lseek(fd, 0, SEEK_CUR), strlen(text));
	close(fd);
	return ret;
}

#define LINE(event, rate) \
	"{\"event\": " event ", " SIZES "\"rate\": " rate ", \"dirty_rate\": null, \"estimated_stop_us\": null}\n"
#define PROGRESS(rate) LINE("\"progress\"", rate)

static void last_line_of_a_file(void **state)
{
	struct precopy_status s;

	(void)state;
	assert_int_equal(read_file(PROGRESS("1"), &s), 0);
	assert_int_equal(s.rate, 1);
	assert_int_equal(read_file(PROGRESS("1") PROGRESS("2"), &s), 0);
	assert_int_equal(s.rate, 2);
	assert_int_equal(read_file(PROGRESS("1") END "\n", &s), 0);
	assert_true(s.end);
	/* Not what is being written. */
	assert_int_equal(read_file(PROGRESS("1") PROGRESS("2") "{\"event\": ", &s), 0);
	assert_int_equal(s.rate, 2);
	assert_int_equal(read_file(PROGRESS("1") END, &s), 0);
	assert_false(s.end);
}

static void long_file(void **state)
{
	char text[100 * sizeof(PROGRESS("100"))] = "", *at = text;
	struct precopy_status s;
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		at += snprintf(at, text + sizeof(text) - at, PROGRESS("%d"), i);
		assert_int_equal(read_file(text, &s), 0);
		assert_int_equal(s.rate, i);
	}
}

static void file_without_a_status(void **state)
{
	char text[3000];
	struct precopy_status s;

	(void)state;
	assert_int_equal(read_file("", &s), -EINVAL);
	assert_int_equal(read_file("\n", &s), -EINVAL);
	assert_int_equal(read_file(END, &s), -EINVAL);
	assert_int_equal(read_file(END "\n\n", &s), -EINVAL);
	assert_int_equal(read_file(END "\nx\n", &s), -EINVAL);
	s.end = true;
	assert_int_equal(precopy_status_read(-1, &s), -EINVAL);
	assert_false(s.end);

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(read_file(text, &s), -EINVAL);
	text[sizeof(text) - 2] = '\n';
	assert_int_equal(read_file(text, &s), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(end_of_success), cmocka_unit_test(end_of_failure),
		cmocka_unit_test(progress),	  cmocka_unit_test(nothing_known),
		cmocka_unit_test(largest_number), cmocka_unit_test(unknown_keys_do_not_matter),
		cmocka_unit_test(cut_off),	  cmocka_unit_test(others_are_refused),
		cmocka_unit_test(long_file),	  cmocka_unit_test(last_line_of_a_file),
		cmocka_unit_test(file_without_a_status),
	};

	return cmocka_run_group_tests_name("precopy-status", tests, NULL, NULL);
}
