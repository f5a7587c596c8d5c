# SPDX-License-Identifier: GPL-2.0
"""How fast memory gets to disk: an iteration in which all pages are dirty, next to a plain copy of them."""

import os
import shutil
import subprocess

import benchlib
import criucmd
import dumps
from benchlib import Failed
from subject import Shape, Subject

NAME = "throughput"
PROGRAM = os.path.join(benchlib.TOP, "build", "bench", "bin", "live-copy")
COPIES = {"copy": "nosync", "copy and fsync": "sync"}
BYTES = "bytes a second"


def build():
    return benchlib.compile_c(os.path.join(benchlib.HERE, "live-copy.c"), PROGRAM)


def copy(subject, directory, sync):
    """Returns microseconds."""
    path = os.path.join(directory, "copy")
    argv = [PROGRAM, str(subject.pid), str(subject.base), str(subject.shape.mib << 20), path, sync]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, timeout=criucmd.COMMAND_SECONDS)
    if done.returncode:
        raise Failed("live-copy: %s" % done.stdout)
    os.unlink(path)
    return int(done.stdout)


def add(table, case, variant, run, us, nr_bytes):
    table.add(case, variant, run, "wall time", "us", us)
    table.add(case, variant, run, BYTES, "bytes/s", round(nr_bytes / us * 1e6))


def settle():
    """What was written before must not be written back while something else is measured."""
    os.sync()


def measure(table, subject, chain, options, run):
    case = "%d MiB, all dirty" % subject.shape.mib
    nr_bytes = subject.shape.mib << 20
    for mode in options.modes:
        old = chain.parent
        subject.dirty()
        settle()
        result, _ = chain.pre_dump(mode)
        # The level before is not needed any more: this one has all pages.
        shutil.rmtree(old)
        add(table, case, "ours " + mode, run, result["wall time"][1], nr_bytes)
        table.add(case, "ours " + mode, run, *_flat("stopped", result))
    for variant, sync in COPIES.items():
        settle()
        add(table, case, variant, run, copy(subject, chain.directory, sync), nr_bytes)


def _flat(metric, result):
    return (metric, *result[metric])


def run(table, directory, options):
    build()
    place = os.path.join(directory, "throughput")
    with Subject(Shape(mib=options.throughput_mib, percent=100)) as subject:
        chain = dumps.Chain(subject, place, "uffd-wp")
        chain.pre_dump(options.modes[0])
        for i in range(1, options.runs + 1):
            benchlib.progress("throughput: %d of %d" % (i, options.runs))
            measure(table, subject, chain, options, i)
    shutil.rmtree(place)


def report(rows):
    lines = []
    rows = benchlib.select(rows, metric=BYTES)
    for case in benchlib.distinct(rows, "case"):
        for variant in benchlib.distinct(rows, "variant"):
            speed = benchlib.summary(benchlib.values(rows, case=case, variant=variant))
            ratios = [benchlib.summary(benchlib.ratios(rows, case, BYTES, variant, c)) for c in COPIES]
            lines.append((case, variant, benchlib.spread(speed, 1 << 20), *map(benchlib.spread, ratios)))
    if not lines:
        return ""
    return "MiB a second: median (min to max); ratios of runs side by side\n\n" + benchlib.markdown(
        ("case", "by", "MiB/s", "to a copy", "to a copy with fsync"), lines)
