// SPDX-License-Identifier: GPL-2.0
/* Lines and files between migrate and its agent. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/migrate-channel.h"
#include "ctl/migrate-files.h"
#include "unit.h"

/* What is written to it can be read from it. */
static struct channel loop(void)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	return (struct channel){ .in = fds[0], .out = fds[1] };
}

static void end(struct channel *channel)
{
	close(channel->in);
	close(channel->out);
}

static void lines(void **state)
{
	struct channel c = loop();
	char line[CHANNEL_LINE];

	(void)state;
	assert_int_equal(channel_fill(&c, 0), 0);
	assert_int_equal(channel_send(&c, "one %d", 1), 0);
	assert_int_equal(channel_send(&c, "two\nlines"), 0);
	assert_int_equal(write(c.out, "part", 4), 4);
	assert_int_equal(channel_fill(&c, 0), 1);
	assert_true(channel_take_line(&c, line));
	assert_string_equal(line, "one 1");
	assert_true(channel_take_line(&c, line));
	assert_string_equal(line, "two lines");
	assert_false(channel_take_line(&c, line));
	assert_int_equal(write(c.out, "ial\n", 4), 4);
	assert_int_equal(channel_fill(&c, 0), 1);
	assert_true(channel_take_line(&c, line));
	assert_string_equal(line, "partial");
	end(&c);
}

static void skipped_lines(void **state)
{
	struct channel c = loop();
	char line[CHANNEL_LINE];

	(void)state;
	assert_int_equal(write(c.out, "pong\npong\npongs\npong\npon", 24), 24);
	assert_int_equal(channel_fill(&c, 0), 1);
	assert_true(channel_skip_lines(&c, "pong"));
	assert_false(channel_skip_lines(&c, "pong"));
	assert_true(channel_take_line(&c, line));
	assert_string_equal(line, "pongs");
	assert_true(channel_skip_lines(&c, "pong"));
	assert_false(channel_skip_lines(&c, "pong"));
	assert_int_equal(write(c.out, "g\n", 2), 2);
	assert_int_equal(channel_fill(&c, 0), 1);
	assert_true(channel_skip_lines(&c, "pong"));
	assert_int_equal(c.len, 0);
	end(&c);
}

static void other_side_gone(void **state)
{
	struct channel c = loop();

	(void)state;
	close(c.out);
	assert_int_equal(channel_fill(&c, 0), -1);
	close(c.in);

	c = loop();
	close(c.in);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(channel_send(&c, "x"), -1);
	close(c.out);
}

static void long_lines(void **state)
{
	struct channel c = loop();
	char line[CHANNEL_LINE], text[2 * CHANNEL_LINE];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	/* Cut when sent; */
	assert_int_equal(channel_send(&c, "%s", text), 0);
	assert_int_equal(channel_fill(&c, 0), 1);
	assert_true(channel_take_line(&c, line));
	assert_int_equal(strlen(line), CHANNEL_LINE - 2);
	/* of others they are an error. */
	assert_int_equal(write(c.out, text, CHANNEL_LINE), CHANNEL_LINE);
	assert_int_equal(channel_fill(&c, 0), 1);
	assert_false(channel_take_line(&c, line));
	assert_int_equal(channel_fill(&c, 0), -1);
	end(&c);
}

static int make_file(const char *dir, const char *name, const char *content)
{
	int fd = openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY), file;

	file = openat(fd, name, O_WRONLY | O_CREAT, 0600);
	close(fd);
	assert_int_equal(write(file, content, strlen(content)), strlen(content));
	close(file);
	return 0;
}

static void check_file(const char *dir, const char *name, const char *content)
{
	char path[128], text[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, f), strlen(content));
	assert_string_equal(text, content);
	fclose(f);
	unlink(path);
}

static void files(void **state)
{
	char from[] = "/tmp/test-channel.XXXXXX", to[] = "/tmp/test-channel.XXXXXX", line[CHANNEL_LINE], path[128];
	struct channel c = loop();
	const char *error;
	uint64_t bytes = 0;
	int nr = 0;

	(void)state;
	assert_non_null(mkdtemp(from));
	assert_non_null(mkdtemp(to));
	make_file(from, "a.img", "content\nof a");
	make_file(from, "empty.img", "");
	make_file(from, "x.log", "not this");
	snprintf(path, sizeof(path), "%s/parent", from);
	assert_int_equal(symlink("../1", path), 0);
	assert_int_equal(files_send(&c, from, &bytes), 0);
	assert_int_equal(bytes, 12);
	assert_int_equal(channel_send(&c, "end"), 0);

	assert_int_equal(channel_fill(&c, 0), 1);
	while (channel_take_line(&c, line) && strcmp(line, "end")) {
		assert_int_equal(strncmp(line, "file ", 5), 0);
		assert_int_equal(files_receive(&c, to, line + 5, &error), 0);
		assert_null(error);
		nr++;
	}
	assert_string_equal(line, "end");
	assert_int_equal(nr, 2);
	check_file(to, "a.img", "content\nof a");
	check_file(to, "empty.img", "");
	check_file(from, "a.img", "content\nof a");
	check_file(from, "empty.img", "");
	check_file(from, "x.log", "not this");
	unlink(path);
	assert_int_equal(rmdir(from), 0);
	assert_int_equal(rmdir(to), 0);
	end(&c);
}

/* Nobody is to write elsewhere. */
static void bad_names(void **state)
{
	static const char *const names[] = { "1 ../x", "1 /x", "1 a/b", "1 .x", "1 ..", "1 ", "1", "x", "" };
	struct channel c = loop();
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(files_receive(&c, "/tmp", names[i], &error), -1);
		assert_non_null(error);
	}
	end(&c);
}

/* The lines behind a file that can't be stored are lines again. */
static void cannot_store(void **state)
{
	struct channel c = loop();
	char line[CHANNEL_LINE];
	const char *error;

	(void)state;
	assert_int_equal(write(c.out, "12345next\n", 10), 10);
	assert_int_equal(files_receive(&c, "/none/such", "5 name", &error), 0);
	assert_non_null(error);
	assert_true(channel_take_line(&c, line));
	assert_string_equal(line, "next");

	assert_int_equal(write(c.out, "12345next\n", 10), 10);
	assert_int_equal(files_receive(&c, "/dev", "5 full", &error), 0);
	assert_string_equal(error, strerrordesc_np(ENOSPC));
	assert_true(channel_take_line(&c, line));
	end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),      cmocka_unit_test(skipped_lines),	 cmocka_unit_test(other_side_gone),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(files),      cmocka_unit_test(bad_names),	 cmocka_unit_test(cannot_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
