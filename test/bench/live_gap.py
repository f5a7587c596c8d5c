# SPDX-License-Identifier: GPL-2.0
"""How long a target does not run: threads that stamp the clock, with and without pre-dumps."""

import os
import shutil

import benchlib
import criucmd
import dumps
from benchlib import Failed
from live_subject import LiveSubject

NAME = "gap"
WITH, WITHOUT = "largest gap", "largest gap, no dump"
# A window in which criu starts and has nothing to do: what any program does to the target.
STARTED, START = "largest gap, criu --version", (os.path.join(dumps.BIN, "peak"), "/dev/null", dumps.OURS, "--version")
# Pages a second that are written all the time, so that threads also meet pages while these are being protected.
RATE = 2000


def case_name(mib, percent, threads):
    return "%d MiB, %d%%, %d %s" % (mib, percent, threads, "threads" if threads > 1 else "thread")


def check(subject, images, stats):
    """Figures of a tracker that did not track are worth nothing."""
    if stats["pages_written"] < subject.round_pages:
        raise Failed("%s: pages that changed were not dumped: %s" % (images, stats))
    if stats["pages_skipped_parent"] < subject.pages / 2:
        raise Failed("%s: pages were dumped that did not change: %s" % (images, stats))


def measure(table, case, subject, mode, iterations, directory):
    """Each iteration is followed by two windows of the same length without one. The first iteration does not count."""
    parent = None
    for i in range(iterations + 1):
        images = os.path.join(directory, "%s-%d" % (mode, i))
        subject.dirty()
        result, stats = dumps.measure("pre-dump", images, subject, "--pre-dump-mode", mode,
                                      *criucmd.tracking_args(images, parent), gap=True)
        seconds = result["wall time"][1] / 1e6
        quiet, started = subject.quiet_gap(seconds), subject.quiet_gap(seconds, START)
        parent = images
        if not i:
            continue
        check(subject, images, stats)
        table.add(case, "ours " + mode, i, WITHOUT, "us", quiet)
        table.add(case, "ours " + mode, i, STARTED, "us", started)
        for metric, (unit, value) in result.items():
            table.add(case, "ours " + mode, i, metric, unit, value)


def run(table, directory, options):
    for threads in options.threads:
        for percent in options.percents:
            case = case_name(options.gap_mib, percent, threads)
            for mode in options.modes:
                benchlib.progress("gap: %s, %s" % (case, mode))
                place = os.path.join(directory, "gap")
                with LiveSubject(options.gap_mib, threads, percent, RATE) as subject:
                    measure(table, case, subject, mode, options.iterations, place)
                shutil.rmtree(place)


def report(rows):
    lines = []
    for case in benchlib.distinct(rows, "case"):
        for variant in benchlib.distinct(benchlib.select(rows, case=case, metric=WITHOUT), "variant"):
            gap = benchlib.summary(benchlib.values(rows, case=case, variant=variant, metric=WITH))
            quiet = benchlib.summary(benchlib.values(rows, case=case, variant=variant, metric=WITHOUT))
            started = benchlib.summary(benchlib.values(rows, case=case, variant=variant, metric=STARTED))
            wall = benchlib.summary(benchlib.values(rows, case=case, variant=variant, metric="wall time"))
            lines.append((case, variant, gap.count, benchlib.spread(gap, 1000), benchlib.spread(quiet, 1000),
                          "%.2f" % (gap.max / quiet.max), benchlib.spread(started, 1000), benchlib.number(wall.median / 1000)))
    if not lines:
        return ""
    return "Largest gap between two stamps, milliseconds a window: median (min to max)\n\n" + benchlib.markdown(
        ("case", "mode", "iterations", "pre-dump", "no dump", "ratio of the largest", "criu --version",
         "iteration, ms"), lines)
