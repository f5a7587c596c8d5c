# SPDX-License-Identifier: GPL-2.0
"""How long a target does not run: threads that stamp the clock, with and without pre-dumps."""

import os
import shutil

import benchlib
import criucmd
import dumps
import live_throughput
from benchlib import Failed
from live_subject import LiveSubject

NAME = "gap"
WITH, WITHOUT = "largest gap", "largest gap, no dump"
# A window in which criu starts and has nothing to do: what any program does to the target.
STARTED = "largest gap, criu --version"
# One in which as many bytes are copied, as plainly as it goes, in a scheduling group of the lowest priority.
COPIED = "largest gap, copy"
WINDOWS = (WITH, WITHOUT, STARTED, COPIED)
STOLEN = ", stolen"  # behind the name of a window
START = (os.path.join(dumps.BIN, "peak"), "/dev/null", dumps.OURS, "--version")
BEHIND = ("setsid", "--wait", "sh", "-c", 'echo 19 >/proc/self/autogroup; exec nice -n 19 "$@"', "sh")
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


def stolen_us():
    """Time so far for which processors of this machine had work and its host ran something else; proc(5), in ticks."""
    with open("/proc/stat") as f:
        return int(f.readline().split()[8]) * 1000000 // os.sysconf("SC_CLK_TCK")


def add(table, case, variant, run, window, measured):
    """measured() returns microseconds."""
    before = stolen_us()
    table.add(case, variant, run, window, "us", measured())
    table.add(case, variant, run, window + STOLEN, "us", stolen_us() - before)


def copy_command(subject, path):
    return (*BEHIND, live_throughput.PROGRAM, str(subject.pid), str(subject.base),
            str(subject.round_pages * criucmd.PAGE), path, "nosync")


def measure(table, case, subject, mode, iterations, directory):
    """Each iteration is followed by windows of the same length without one. The first iteration does not count."""
    parent, variant = None, "ours " + mode
    for i in range(iterations + 1):
        images, copied = os.path.join(directory, "%s-%d" % (mode, i)), os.path.join(directory, "copy")
        subject.dirty()
        before = stolen_us()
        result, stats = dumps.measure("pre-dump", images, subject, "--pre-dump-mode", mode,
                                      *criucmd.tracking_args(images, parent), gap=True)
        stolen = stolen_us() - before
        parent = images
        if not i:
            continue
        check(subject, images, stats)
        for metric, (unit, value) in result.items():
            table.add(case, variant, i, metric, unit, value)
        table.add(case, variant, i, WITH + STOLEN, "us", stolen)
        seconds = result["wall time"][1] / 1e6
        for window, command in ((WITHOUT, ()), (STARTED, START), (COPIED, copy_command(subject, copied))):
            add(table, case, variant, i, window, lambda: subject.quiet_gap(seconds, command))
        os.unlink(copied)


def run(table, directory, options):
    live_throughput.build()
    for threads in options.threads:
        for percent in options.percents:
            case = case_name(options.gap_mib, percent, threads)
            for mode in options.modes:
                benchlib.progress("gap: %s, %s" % (case, mode))
                place = os.path.join(directory, "gap")
                with LiveSubject(options.gap_mib, threads, percent, RATE) as subject:
                    measure(table, case, subject, mode, options.iterations, place)
                shutil.rmtree(place)


def undisturbed(rows, window):
    """The gaps of windows in which the host took no time from this machine."""
    stolen = {r.run for r in rows if r.metric == window + STOLEN and r.value > 0}
    return [r.value for r in rows if r.metric == window and r.run not in stolen]


def ratio_of_largest(rows):
    """(of all windows, of those in which nothing was stolen, of how many such pre-dumps); None: not known."""
    gaps, quiet = ([r.value for r in rows if r.metric == window] for window in (WITH, WITHOUT))
    alone, quiet_alone = undisturbed(rows, WITH), undisturbed(rows, WITHOUT)
    known = any(r.metric == WITH + STOLEN for r in rows) and alone and quiet_alone
    return max(gaps) / max(quiet), max(alone) / max(quiet_alone) if known else None, len(alone)


def report_line(case, variant, rows):
    ratio, alone, count = ratio_of_largest(rows)
    line = [case, variant, str(len(benchlib.values(rows, metric=WITH)))]
    for window in WINDOWS:
        gaps = benchlib.values(rows, metric=window)
        line.append(benchlib.spread(benchlib.summary(gaps), 1000) if gaps else "")
    line += ["%.2f" % ratio, "%.2f (%d)" % (alone, count) if alone else ""]
    return line + [benchlib.number(benchlib.summary(benchlib.values(rows, metric="wall time")).median / 1000)]


def report(rows):
    lines = []
    for case in benchlib.distinct(rows, "case"):
        for variant in benchlib.distinct(benchlib.select(rows, case=case, metric=WITHOUT), "variant"):
            lines.append(report_line(case, variant, benchlib.select(rows, case=case, variant=variant)))
    if not lines:
        return ""
    return "Largest gap between two stamps, milliseconds a window: median (min to max)\n\n" + benchlib.markdown(
        ("case", "mode", "iterations", "pre-dump", "no dump", "criu --version", "copy", "ratio of the largest",
         "nothing stolen (windows)", "iteration, ms"), lines)
