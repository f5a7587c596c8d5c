#include "log.h"
#include "mem-tracker.h"
#include "plugin.h"

#undef LOG_PREFIX
#define LOG_PREFIX "mem-tracker: "

int mem_tracker_live_init(void)
{
	const char *missing;

	if (mem_tracker_is_plugin() && cr_plugin_provides(CR_PLUGIN_HOOK__MEM_TRACKER_LIVE_SCAN))
		return 0;

	missing = mem_tracker_plugin.missing();
	if (!missing)
		missing = mem_tracker_is_plugin() ? "its plugin is too old for them" : "it is not the one that is used";

	pr_err("Pre-dumps in live mode need the memory tracker %s: %s\n", mem_tracker_plugin.name, missing);
	return -1;
}

int mem_tracker_live_check(pid_t pid)
{
	int ret = run_plugins(MEM_TRACKER_LIVE_CHECK, pid);

	if (ret < 0)
		pr_err("Can't look at %d: %d\n", pid, ret);
	return ret;
}

int mem_tracker_live_register(pid_t pid)
{
	int ret = run_plugins(MEM_TRACKER_LIVE_REGISTER, pid);

	if (ret)
		pr_err("Can't register the memory of %d: %d\n", pid, ret);
	return ret ? -1 : 0;
}

int mem_tracker_live_scan(struct cr_mem_snapshot *snapshot)
{
	int ret = run_plugins(MEM_TRACKER_LIVE_SCAN, snapshot);

	if (ret)
		pr_err("Can't scan %d: %d\n", snapshot->pid, ret);
	return ret ? -1 : 0;
}

void mem_tracker_live_add_stats(const struct cr_mem_snapshot *snapshot)
{
	mem_tracker_plugin_add_stats(&snapshot->stats);
}
