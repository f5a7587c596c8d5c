#ifndef __CR_PRE_DUMP_LIVE_H__
#define __CR_PRE_DUMP_LIVE_H__

#include <sys/types.h>

#include "images/inventory.pb-c.h"

/*
 * Writes the pagemaps and pages of root and its descendants, which go on running.
 * Tasks are stopped only to become tracked, and to have new mappings registered.
 * parent_ie: inventory of the parent images, or NULL. pre_dump_progress_end() is left to the caller. 0 or -1.
 */
extern int pre_dump_live(pid_t root, const InventoryEntry *parent_ie);

#endif /* __CR_PRE_DUMP_LIVE_H__ */
