# SPDX-License-Identifier: GPL-2.0
"""What a redis-server under load has left while pre-dumps run back to back."""

import csv
import os
import shutil
import subprocess
import sys
import threading

import benchlib
import criucmd
import dumps
from benchlib import Failed

sys.path.insert(0, os.path.join(benchlib.TOP, "test", "demo"))

import redis  # noqa: E402

NAME = "redis"
VALUE_BYTES = 1024
CLIENTS = 8
FILL_PIPELINE = 64
NONE = "no dump"
REQUESTS, P99 = "requests", "p99 latency"
# Columns of redis-benchmark --csv
RPS, P99_MS = "rps", "p99_latency_ms"


def benchmark(server, *args):
    """Runs redis-benchmark; returns a row of its result as a dict."""
    argv = ["redis-benchmark", "-s", server.socket, "-d", str(VALUE_BYTES), "--csv", *map(str, args)]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, timeout=criucmd.COMMAND_SECONDS)
    lines = [line for line in done.stdout.splitlines() if line.startswith('"')]
    if done.returncode or len(lines) != 2:
        raise Failed("redis-benchmark: %s%s" % (done.stdout, done.stderr))
    return next(csv.DictReader(lines))


def fill(server, mib):
    """Returns the number of keys; some stay out, as keys are chosen at random."""
    keys = (mib << 20) // VALUE_BYTES
    benchmark(server, "-t", "set", "-r", keys, "-n", 2 * keys, "-P", FILL_PIPELINE)
    return keys


def load(server, keys, requests):
    return benchmark(server, "-t", "set", "-r", keys, "-n", requests, "-c", CLIENTS)


class PreDumper:
    """One chain of pre-dumps; during() makes one after the other, up to the end of a with statement."""

    def __init__(self, server, directory):
        self.server, self.directory = server, directory
        self.parent, self.count = None, 0

    def pre_dump(self, mode):
        self.count += 1
        images = os.path.join(self.directory, str(self.count))
        result, stats = dumps.measure("pre-dump", images, self.server, "--pre-dump-mode", mode,
                                      *criucmd.tracking_args(images, self.parent))
        if self.parent and not stats["pages_skipped_parent"]:
            raise Failed("%s: nothing was left to the parent: %s" % (images, stats))
        self.parent = images
        return result

    def during(self, mode):
        return _Window(self, mode)


class _Window:
    def __init__(self, dumper, mode):
        self.dumper, self.mode = dumper, mode
        self.end = threading.Event()
        self.failure, self.walls = None, []
        self.thread = threading.Thread(target=self._work)

    def _work(self):
        try:
            while not self.end.is_set():
                self.walls.append(self.dumper.pre_dump(self.mode)["wall time"][1])
        except Failed as e:
            self.failure = e

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()
        if self.failure:
            raise self.failure


def add(table, case, variant, run, row):
    table.add(case, variant, run, REQUESTS, "requests/s", float(row[RPS]))
    table.add(case, variant, run, P99, "ms", float(row[P99_MS]))


def measure(table, case, server, dumper, keys, options, run):
    """A window without pre-dumps, then one with them in each mode."""
    add(table, case, NONE, run, load(server, keys, options.requests))
    for mode in options.modes:
        variant = "ours " + mode
        with dumper.during(mode) as window:
            row = load(server, keys, options.requests)
        add(table, case, variant, run, row)
        table.add(case, variant, run, "pre-dumps", "pre-dumps", len(window.walls))
        table.add(case, variant, run, "wall time", "us", sum(window.walls) / len(window.walls))


def run(table, directory, options):
    place = os.path.join(directory, "redis")
    os.mkdir(place)
    redis.install(benchlib.progress)
    server = redis.Server(place)
    keys = fill(server, options.redis_mib)
    case = "%d MiB, %d clients" % (options.redis_mib, CLIENTS)
    dumper = PreDumper(server, place)
    # It attaches and dumps everything; not what comes back to back.
    dumper.pre_dump(options.modes[0])
    for i in range(1, options.windows + 1):
        benchlib.progress("redis: %d of %d" % (i, options.windows))
        measure(table, case, server, dumper, keys, options, i)
    server.process.kill()
    server.process.wait(timeout=60)
    shutil.rmtree(place)


def report(rows):
    lines = []
    for case in benchlib.distinct(benchlib.select(rows, metric=REQUESTS), "case"):
        for variant in benchlib.distinct(benchlib.select(rows, case=case), "variant"):
            cells = [case, variant]
            for metric in (REQUESTS, P99):
                cells.append(benchlib.spread(benchlib.summary(
                    benchlib.values(rows, case=case, variant=variant, metric=metric))))
                cells.append(benchlib.spread(benchlib.summary(benchlib.ratios(rows, case, metric, variant, NONE))))
            lines.append(cells)
    if not lines:
        return ""
    return "redis-benchmark, windows side by side: median (min to max)\n\n" + benchlib.markdown(
        ("case", "pre-dumps", "requests/s", "to no dump", "p99, ms", "to no dump"), lines)
