# SPDX-License-Identifier: GPL-2.0
"""Dumps of a subject that are measured: which kinds there are, and what is taken of each."""

import collections
import os
import subprocess

import benchlib
import criucmd
from benchlib import Failed
from criumodes import pre_dump_modes

BIN = os.path.join(benchlib.TOP, "build", "bench", "bin")
OURS = os.path.join(criucmd.USR, "sbin", "criu")
STOCK = os.path.join(BIN, "criu-stock")
# tracker: uffd-wp is ours; soft-dirty is CRIU without our patches.
PreDump = collections.namedtuple("PreDump", "name tracker mode")
PRE_DUMPS = (
    PreDump("ours splice", "uffd-wp", "splice"),
    PreDump("ours read", "uffd-wp", "read"),
    PreDump("ours live", "uffd-wp", "live"),
    PreDump("soft-dirty splice", "soft-dirty", "splice"),
    PreDump("soft-dirty read", "soft-dirty", "read"),
)
KERNEL_CACHE = "/run/criu.kdat"
FULL = "full dump, CRIU 4.2.1"


def _output(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True, timeout=60)
    return done.returncode, done.stdout


def build_peak():
    benchlib.compile_c(os.path.join(benchlib.HERE, "peak.c"), os.path.join(BIN, "peak"))


def build():
    """Builds what the functions below run. In a virtual machine it has to be there."""
    build_peak()
    if "BENCH_HOST" not in os.environ:
        subprocess.run([os.path.join(benchlib.HERE, "build-stock")], check=True, timeout=1000,
                       stdout=subprocess.DEVNULL)


def dump_stats(images):
    return criucmd.load_image(os.path.join(images, "stats-dump"))[0]["dump"]


_last_program = None


def _use_kernel_cache_of(program):
    """Either CRIU throws away the other's results of probing the kernel, which would cost each dump 40 ms."""
    global _last_program
    if program != _last_program:
        for source, target in ((KERNEL_CACHE, "%s.%s" % (KERNEL_CACHE, _last_program)),
                               ("%s.%s" % (KERNEL_CACHE, program), KERNEL_CACHE)):
            if os.path.exists(source):
                os.rename(source, target)
        _last_program = program


def available_pre_dumps():
    """Those of PRE_DUMPS that this kernel and the staged criu can do. Both programs have probed the kernel then."""
    modes = pre_dump_modes(OURS)
    _use_kernel_cache_of("ours")
    status, text = _output(OURS, "check", "--feature", "uffd_wp_async")
    if status:
        raise Failed("this kernel has nothing to measure: " + text)
    _use_kernel_cache_of("stock")
    status, _ = _output(STOCK, "check", "--feature", "mem_dirty_track")
    trackers = ["uffd-wp"] + (["soft-dirty"] if status == 0 else [])
    return [p for p in PRE_DUMPS if p.tracker in trackers and p.mode in modes]


def measure(action, images, subject, *args, criu=None, gap=False):
    """Dumps the subject. Returns {metric: (unit, value)} and the statistics that criu wrote.

    gap: also the longest time the subject did not run; it has to live on.
    """
    os.makedirs(images)
    _use_kernel_cache_of("stock" if criu else "ours")
    peak = os.path.join(images, "peak.log")  # "log": not counted as part of the images
    if gap:
        subject.start_gap()
    seconds = criucmd.run_criu(action, images, "-t", subject.pid, *args, criu=criu,
                               prefix=(os.path.join(BIN, "peak"), peak))
    result = {"largest gap": ("us", subject.end_gap())} if gap else {}
    stats = dump_stats(images)
    with open(peak) as f:
        result["peak memory"] = ("KiB", int(f.read().split()[0]))
    result["stopped"] = ("us", stats["frozen_time"])
    result["stopped for memory"] = ("us", criucmd.memory_part_us(stats))
    result["wall time"] = ("us", round(seconds * 1e6))
    result["written"] = ("bytes", criucmd.image_bytes(images))
    return result, stats


class Chain:
    """The tracked dumps of one subject. directory: gets a subdirectory for each of them."""

    def __init__(self, subject, directory, tracker):
        self.subject, self.directory, self.tracker = subject, directory, tracker
        self.parent = None
        self.count = 0

    def _args(self, images):
        if self.tracker == "uffd-wp":
            return criucmd.tracking_args(images, self.parent)
        return ["--prev-images-dir", os.path.relpath(self.parent, images)] if self.parent else []

    def dump(self, action, *args, gap=False):
        self.count += 1
        images = os.path.join(self.directory, "%s-%d" % (self.tracker, self.count))
        stock = None if self.tracker == "uffd-wp" else STOCK
        result, stats = measure(action, images, self.subject, *args, *self._args(images), criu=stock, gap=gap)
        if self.parent:
            self._check(images, stats)
        self.parent = images
        return result, stats

    def pre_dump(self, mode="splice", gap=False):
        return self.dump("pre-dump", "--pre-dump-mode", mode, gap=gap)

    def final_dump(self):
        result, stats = self.dump("dump", "--track-mem")
        self.subject.reap()
        return result, stats

    def _check(self, images, stats):
        """Figures of a tracker that did not track are worth nothing."""
        changed, pages = self.subject.shape.dirty_pages(), self.subject.shape.pages()
        if stats["pages_written"] < changed:
            raise Failed("%s: pages that changed were not dumped: %s" % (images, stats))
        if self.tracker == "uffd-wp" and (stats["mem_tracker"]["name"] != "uffd-wp" or
                                          stats["pages_skipped_parent"] < pages - changed):
            raise Failed("%s: pages were dumped that did not change: %s" % (images, stats))


def full_dump(subject, images, *args, gap=False):
    """By CRIU without our patches; it ends the subject unless args say --leave-running."""
    result, stats = measure("dump", images, subject, *args, criu=STOCK, gap=gap)
    if stats["pages_written"] < subject.shape.pages():
        raise Failed("%s: a full dump without all pages: %s" % (images, stats))
    if "--leave-running" not in args:
        subject.reap()
    return result, stats
