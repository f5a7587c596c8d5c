# SPDX-License-Identifier: GPL-2.0
"""How much memory criu itself takes, by the size of the target."""

import os
import shutil

import benchlib
import dumps
from subject import Shape, Subject

NAME = "memory"
METRIC = "peak memory"
ITERATIONS = ("first", "second, 10%")


def measure(table, mib, mode, directory, run):
    place = os.path.join(directory, "memory")
    with Subject(Shape(mib=mib, percent=10)) as subject:
        chain = dumps.Chain(subject, place, "uffd-wp")
        for iteration in ITERATIONS:
            result, _ = chain.pre_dump(mode)
            table.add("%d MiB, %s" % (mib, iteration), "ours " + mode, run, METRIC, *result[METRIC])
            subject.dirty()
    shutil.rmtree(place)


def run(table, directory, options):
    for i in range(1, options.memory_runs + 1):
        for mib in options.memory_mib:
            for mode in options.modes:
                benchlib.progress("memory: %d MiB, %s" % (mib, mode))
                measure(table, mib, mode, directory, i)


def report(rows):
    lines = []
    rows = [r for r in benchlib.select(rows, metric=METRIC) if r.case.split(", ", 1)[1] in ITERATIONS]
    for variant in benchlib.distinct(rows, "variant"):
        for case in benchlib.distinct(rows, "case"):
            peak = benchlib.summary(benchlib.values(rows, case=case, variant=variant))
            lines.append((case, variant, benchlib.spread(peak, 1024)))
    if not lines:
        return ""
    return "Peak resident memory of criu and its children, MiB: median (min to max)\n\n" + benchlib.markdown(
        ("case", "mode", "MiB"), lines)
