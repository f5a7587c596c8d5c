// SPDX-License-Identifier: GPL-2.0
/*
 * A library that hides root from postgres, which refuses to run as root: tasks of other users can be dumped only with
 * CAP_SYS_RESOURCE, which some containers don't have.
 */
#include <sys/types.h>
#include <unistd.h>

#define SOMEBODY 65534

uid_t getuid(void)
{
	return SOMEBODY;
}

uid_t geteuid(void)
{
	return SOMEBODY;
}
