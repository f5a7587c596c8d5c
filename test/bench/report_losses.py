# SPDX-License-Identifier: GPL-2.0
"""What the figures say against us; each sentence is left out where its figures are missing."""

import benchlib
import dumps
import growthfit
import live_gap
import report_growth
from benchlib import number, spread, summary

SPLICE, READ = "ours splice", "ours read"


def _median(rows, **wanted):
    found = summary(benchlib.values(rows, **wanted))
    return found and found.median


def _case_with(rows, word):
    """The last case (the largest, of a kind) that has the word in its name."""
    found = [c for c in benchlib.distinct(rows, "case") if word in c]
    return found[-1] if found else None


def final_dump(native, _vm):
    rows = native.rows("final")
    case = benchlib.distinct(rows, "case")[0]
    ours, floor = (summary(benchlib.ratios(rows, case, "stopped", *pair))
                   for pair in (("ours", dumps.FULL), ("ours", "floor")))
    yield ("The last dump is far from its floor: with %s it stops the task %s times as long as infecting one and "
           "copying the changed pages would take (and %s of the time of a full dump)." %
           (case, spread(floor), spread(ours)))
    total, memory, end = (_median(rows, case=case, variant=v, metric=m) for v, m in
                          (("ours", "stopped"), ("ours", "stopped for memory"), ("floor", "ending the tasks")))
    if end:
        yield ("Of these %s ms only %s ms are for finding and taking pages. Ending such a task and freeing its memory "
               "takes %s ms without any dump. Part of the rest is smaps, which walks all page tables and which a last "
               "dump reads while the task is stopped." %
               tuple(number(v / 1000) for v in (total, memory, end)))


def tasks_and_mappings(native, _vm):
    rows = native.rows("iterations")
    base = benchlib.distinct(rows, "case")[0]
    for word in ("tasks", "VMAs"):
        case = _case_with(rows, word)
        few, many = (_median(rows, case=c, variant=SPLICE, metric="stopped") for c in (base, case))
        full = summary(benchlib.ratios(rows, case, "stopped", SPLICE, dumps.FULL))
        if few and many and full:
            yield ("Many %s cost: a pre-dump of %s stops for %s ms (one task, few mappings: %s ms), %s of the "
                   "time of a full dump." % (word, case, number(many / 1000), number(few / 1000), spread(full)))


def growth_of_tasks(native, _vm):
    rows = native.rows("growth")
    for axis, word in ((growthfit.TASKS, "task"), (growthfit.VMAS, "mapping")):
        cost = report_growth.costs_per_unit(rows, axis, "pre-dump splice")
        if cost:
            yield "Each further %s makes a pre-dump stop for %s us more." % (word, number(cost))


def wall_time(native, _vm):
    rows = native.rows("iterations")
    case = benchlib.distinct(rows, "case")[0]
    wall, stopped = (_median(rows, case=case, variant=SPLICE, metric=m) for m in ("wall time", "stopped"))
    yield ("The command takes much longer than the stop, %s ms against %s ms with %s, not least because images are "
           "synced to disk before their run counts, which CRIU's own pre-dumps do not do." %
           (number(wall / 1000), number(stopped / 1000), case))


def memory_of_chains(native, _vm):
    rows = native.rows("iterations")
    for case in benchlib.distinct(rows, "case"):
        values = [benchlib.values(rows, case=case, variant=v, metric="peak memory") for v in (SPLICE, READ)]
        runs = sorted(sum(values, []))
        if runs and runs[-1] > 3 * runs[0]:
            yield ("criu's memory grows with the length of the chain, because it reads the page maps of all parents: "
                   "with %s from %s to %s MiB in %d pre-dumps." %
                   (case, number(runs[0] / 1024), number(runs[-1] / 1024), len(runs)))
            return


def write_fault(native, vm):
    for results, pair, what in ((native, ("protected", "not protected"), "one to a page that is not protected"),
                                (vm, ("protected", "soft-dirty cleared"), "one that soft-dirty notices")):
        rows = benchlib.select(results.rows("primitive"), metric="write")
        for case in benchlib.distinct(rows, "case"):
            r = summary(benchlib.ratios(rows, case, "write", *pair))
            if r:
                yield ("The first write to a page after a dump takes %s times as long as %s (%s)." %
                       (spread(r), what, "Linux %s" % results.machine("primitive").get("kernel", "?")))


def slowdown(native, _vm):
    rows = native.rows("slowdown")
    found = []
    for case in benchlib.distinct(rows, "case"):
        load, _, interval = case.partition(", pre-dump every ")
        if interval == "0.5 s":
            rest = summary(benchlib.ratios(rows, case, "throughput", SPLICE, "untracked"))
            found.append("%s %s" % (load, spread(rest)))
    if found:
        yield ("Programs that write much and are pre-dumped all the time slow down; throughput with a pre-dump every "
               "0.5 s, as a part of that without: %s." % "; ".join(found))


def live_gaps(native, _vm):
    rows = benchlib.select(native.rows("live"), variant="ours live")
    for case in benchlib.distinct(benchlib.select(rows, metric=live_gap.WITHOUT), "case"):
        of_case = benchlib.select(rows, case=case)
        gap = summary(benchlib.values(of_case, metric=live_gap.WITH))
        ratio, alone, count = live_gap.ratio_of_largest(of_case)
        rest = "; %.2f in the %d windows in which the host took no time away" % (alone, count) if alone else ""
        yield ("A live pre-dump does not stop the target, but it needs a processor: the largest of %d gaps that busy "
               "threads saw was %s ms, %.2f times the largest without a dump%s (%s)." %
               (gap.count, number(gap.max / 1000), ratio, rest, case))


def address_space(native, _vm):
    for metric, what in (("scan", "scanning takes"), ("stopped", "a pre-dump stops for")):
        points = growthfit.curve(native.rows("growth"), growthfit.ADDRESS_SPACE, "pre-dump splice", metric)
        (size, least), (far, most) = points[0], points[-1]
        yield ("256 MiB spread over %s GiB instead of %d GiB of address space: %s %s ms instead of %s ms (the least of "
               "all runs)." % ("{:,}".format(far), size, what, growthfit.scaled(metric, most.min),
                               growthfit.scaled(metric, least.min)))


def text(native, vm):
    items = []
    for part in (final_dump, tasks_and_mappings, growth_of_tasks, wall_time, memory_of_chains, write_fault,
                 slowdown, live_gaps, address_space):
        try:
            items += part(native, vm)
        except (IndexError, TypeError):
            continue  # not measured
    return "".join("- %s\n" % i for i in items) or "Not measured on this machine.\n"
