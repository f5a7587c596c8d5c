// SPDX-License-Identifier: GPL-2.0
/* What runc state prints, and what must not be taken for it. */
#include <stdlib.h>
#include <string.h>

#include "ctl/runtime-state.h"
#include "unit.h"

static void state_of_runc(void **state)
{
	struct runtime_state s;

	(void)state;
	assert_int_equal(runtime_state_parse("{\n  \"ociVersion\": \"1.0.2-dev\",\n  \"id\": \"box\",\n  \"pid\": 1234,\n"
					     "  \"status\": \"running\",\n  \"bundle\": \"/b/box\",\n"
					     "  \"rootfs\": \"/b/box/rootfs\",\n  \"owner\": \"\"\n}\n", &s), 0);
	assert_int_equal(s.pid, 1234);
	assert_true(s.running);
	assert_string_equal(s.bundle, "/b/box");
	assert_string_equal(s.rootfs, "/b/box/rootfs");
	free(s.bundle);
	free(s.rootfs);
}

static void stopped(void **state)
{
	struct runtime_state s;

	(void)state;
	assert_int_equal(runtime_state_parse("{\"pid\":0,\"status\":\"stopped\",\"bundle\":\"/b\",\"rootfs\":\"/r\"}", &s), 0);
	assert_false(s.running);
	free(s.bundle);
	free(s.rootfs);
}

/* Annotations are the user's: keys in there, and text that looks like keys, are not those of the state. */
static void keys_of_others(void **state)
{
	struct runtime_state s;

	(void)state;
	assert_int_equal(runtime_state_parse("{\"annotations\": {\"pid\": 1, \"status\": \"stopped\", \"bundle\": \"/x\"},"
					     "\"id\": \"a\\\", \\\"pid\\\": 2, {\", \"hooks\": [{\"pid\": 3}],"
					     "\"pid\": 4, \"status\": \"running\", \"bundle\": \"/b\", \"rootfs\": \"/r\"}", &s), 0);
	assert_int_equal(s.pid, 4);
	assert_true(s.running);
	assert_string_equal(s.bundle, "/b");
	free(s.bundle);
	free(s.rootfs);
}

static void no_state(void **state)
{
	static const char *const texts[] = {
		"", "{", "{}", "container does not exist", "\"", "{\"pid\": 1", "[\"pid\", 1]",
		"{\"pid\": 1, \"status\": \"running\", \"bundle\": \"/b\"}",
		"{\"pid\": 1, \"status\": \"running\", \"rootfs\": \"/r\"}",
		"{\"status\": \"running\", \"bundle\": \"/b\", \"rootfs\": \"/r\"}",
		"{\"pid\": -1, \"status\": \"running\", \"bundle\": \"/b\", \"rootfs\": \"/r\"}",
		"{\"pid\": 1, \"status\": \"running\", \"bundle\": \"/b\\\\x\", \"rootfs\": \"/r\"}",
		"{\"pid\": 1, \"status\": \"running\", \"bundle\": \"/b\", \"rootfs\": \"/r",
		"{\"pid\": 1, \"status\": null, \"bundle\": \"/b\", \"rootfs\": \"/r\"}",
	};
	struct runtime_state s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(runtime_state_parse(texts[i], &s), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_of_runc),
		cmocka_unit_test(stopped),
		cmocka_unit_test(keys_of_others),
		cmocka_unit_test(no_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
