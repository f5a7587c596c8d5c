#ifndef __CR_PRE_DUMP_PROGRESS_H__
#define __CR_PRE_DUMP_PROGRESS_H__

#include <stdbool.h>

#include "images/inventory.pb-c.h"
#include "int.h"
#include "live-tasks.h"

/*
 * How far a live pre-dump is: a line that refreshes when stderr is a terminal,
 * lines of JSON for --status-fd, nothing without either. Each line of JSON is
 * an object with
 *
 *   event              "progress", at the end "end"
 *   success            with "end": true when all images are complete
 *   total_bytes        memory of the tasks when the pre-dump began, and their shared memory from when
 *                      that is looked at
 *   scanned_bytes      of it; may end up at more or less than the total
 *   written_bytes      what went to the images
 *   rate               bytes written per second
 *   dirty_rate         bytes changed per second since the parent images were made;
 *                      null without such
 *   estimated_stop_us  how long a dump right now would stop the tasks; null
 *                      without dirty_rate
 */

/* parent_ie: NULL when the pages of no earlier pre-dump are tracked. */
extern void pre_dump_progress_begin(const struct live_tasks *tasks, const InventoryEntry *parent_ie);

/* An object of shared memory comes next: bytes. */
extern void pre_dump_progress_shared(u64 bytes);

/* Pages of a run, from the scan. */
extern void pre_dump_progress_scanned(u64 nr_pages, bool dirty);
extern void pre_dump_progress_written(u64 nr_pages);
extern void pre_dump_progress_end(bool ok);

#endif /* __CR_PRE_DUMP_PROGRESS_H__ */
