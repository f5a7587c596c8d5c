// SPDX-License-Identifier: GPL-2.0
/* A plugin built for a CRIU with a newer plugin API (NEWER_VERSION), or with more hooks. */
#include "criu-plugin.h"

#ifdef NEWER_VERSION
#define VERSION	  CRIU_PLUGIN_GEN_VERSION(CRIU_PLUGIN_VERSION_MAJOR, CRIU_PLUGIN_VERSION_MINOR + 1, 0)
#define MAX_HOOKS CR_PLUGIN_HOOK__MAX
#else
#define VERSION	  CRIU_PLUGIN_VERSION
#define MAX_HOOKS (CR_PLUGIN_HOOK__MAX + 1)
#endif

static int init(int stage)
{
	(void)stage;
	return -1;
}

cr_plugin_desc_t CR_PLUGIN_DESC = {
	.name = "newer_plugin",
	.init = init,
	.version = VERSION,
	.max_hooks = MAX_HOOKS,
};
