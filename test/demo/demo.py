# SPDX-License-Identifier: GPL-2.0
"""What happens in the sandbox: the steps of the demo, and the table at its end."""

import os
import sys
import time

import criucmd
import redis
from criucmd import Failed
from load import PERCENT, Data, Writer
from memcount import Snapshot

PRE_DUMPS = 3
# Pages in the image to pages really changed, from the second iteration on. Less than 1 can only come from
# redis' own timer, which runs between comparison and dump, too.
MAX_RATIO = 1.1
MIN_RATIO = 0.95


class Row:
    """One dump."""

    def __init__(self, name, images, pid, changed):
        self.name = name
        self.bytes = criucmd.image_bytes(images)
        self.pages, self.parent = criucmd.image_pages(images, pid)
        self.changed = changed  # None: there is nothing to compare with
        self.stats = criucmd.dump_stats(images)

    def ratio(self):
        return self.pages / self.changed if self.changed else None

    def cells(self):
        return (self.name, "%.1f" % (self.bytes / 2**20), "{:,}".format(self.pages), "{:,}".format(self.parent),
                "-" if self.changed is None else "{:,}".format(self.changed),
                "-" if self.ratio() is None else "%.3f" % self.ratio(),
                "%.1f" % (self.stats["frozen_time"] / 1000), "%.1f" % (criucmd.memory_part_us(self.stats) / 1000))


HEADER = (("", "image", "pages in", "pages left", "pages really", "in image /", "time stopped", "for memory"),
          ("", "MiB", "the image", "to parent", "changed", "changed", "ms", "ms"))


def print_table(rows):
    lines = [*HEADER, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        first, *rest = (cell.rjust(width) for cell, width in zip(line, widths))
        print("  ".join([line[0].ljust(widths[0]), *rest]).rstrip())
        if line is HEADER[-1]:
            print("-" * (sum(widths) + 2 * len(widths) - 2))
    sys.stdout.flush()


class Demo:
    def __init__(self, directory, args):
        self.directory = directory
        self.args = args
        self.start = time.monotonic()
        self.rows = []
        self.snapshot = None
        self.images = None  # of the iteration before

    # Progress

    def say(self, text):
        print("[%5.1f s] %s" % (time.monotonic() - self.start, text), flush=True)

    def progress(self, what):
        """A function(done, total) that shows how far it got, on terminals only."""

        def show(done, total):
            if sys.stdout.isatty():
                print("\r[%5.1f s] %s: %d%%\x1b[K" % (time.monotonic() - self.start, what, 100 * done // total),
                      end="\r" if done == total else "", flush=True)

        return show

    # Steps

    def run(self):
        self.server = redis.Server(self.directory)
        self.pid = self.server.pid
        self.data = Data(self.args.mb, self.args.seed)
        self.say("redis-server %s runs as pid %d, with a pid namespace and a /run of its own" %
                 (redis.version(), self.pid))
        self.data.fill(self.server.socket, self.progress("filling"))
        self.say("filled: {:,} keys".format(self.data.nr))

        self.iterate()
        self.restore_and_check()
        self.dump_without_tracking()
        return self.report()

    def iterate(self):
        writer = Writer(self.data, self.server.socket, self.args.seed)
        self.say("a client rewrites %d%% of the keys between dumps" % PERCENT)
        for i in range(1, PRE_DUMPS + 1):
            writer.wait_for_percent()
            writer.pause()
            self.one_dump("pre-dump %d" % i, "pre-dump", "--pre-dump-mode", "splice")
            writer.resume()
        writer.wait_for_percent()
        writer.end()
        self.say("the client has closed its connection, for the final dump")
        verify = ["--mem-tracker-verify"] if self.args.verify else []
        self.one_dump("final dump", "dump", "--track-mem", *verify)
        self.server.wait_gone()

    def one_dump(self, name, action, *args):
        """While no client writes, so that the memory that is compared is the memory that is dumped."""
        before, self.snapshot = self.snapshot, Snapshot(self.pid)
        images = os.path.join(self.directory, name.replace(" ", "-"))
        os.mkdir(images)
        seconds = criucmd.run_criu(action, images, "-t", self.pid, *args,
                                   *criucmd.tracking_args(images, self.images))
        self.add_row(name, images, self.snapshot.changed_since(before) if before else None, seconds)
        self.images = images

    def add_row(self, name, images, changed, seconds):
        row = Row(name, images, self.pid, changed)
        self.rows.append(row)
        self.say("{}: {:,} pages in the image, {:,} left to the parent, criu ran for {:.2f} s".format(
            name, row.pages, row.parent, seconds))

    def restore_and_check(self):
        seconds = criucmd.run_criu("restore", self.images, "-d")
        self.say("restored in %.2f s" % seconds)
        self.check_keys("after the restore")
        # It is not only the memory that has to be there: redis has to go on.
        writer = Writer(self.data, self.server.socket, self.args.seed + 1)
        writer.wait_for_percent()
        writer.end()
        self.check_keys("after %d%% were rewritten again" % PERCENT)

    def check_keys(self, when):
        wrong = self.data.check(self.server.socket, self.progress("checking keys"))
        if wrong:
            raise Failed("%s %d of %d keys are wrong: %s" % (when, len(wrong), self.data.nr, wrong[:10]))
        self.say("{}: all {:,} keys hold what they must".format(when, self.data.nr))

    def dump_without_tracking(self):
        images = os.path.join(self.directory, "full-dump")
        seconds = criucmd.run_criu("dump", images, "-t", self.pid, "--leave-running")
        self.add_row("full dump, not tracked", images, None, seconds)

    # Result

    def problems(self):
        for row in self.rows[:-1]:
            if row.stats.get("mem_tracker", {}).get("name") != "uffd-wp":
                yield "%s was not tracked by uffd-wp" % row.name
        for row in self.rows[1:-1]:
            if not row.parent:
                yield "%s left nothing to its parent" % row.name
            if not row.changed:
                yield "%s: no page changed" % row.name
            elif row.ratio() > MAX_RATIO:
                yield "%s has more than %.1f times the pages that changed" % (row.name, MAX_RATIO)
            elif row.ratio() < MIN_RATIO:
                yield "%s has fewer pages than changed" % row.name

    def report(self):
        print()
        print_table(self.rows)
        print(NOTES + (VERIFY_NOTE if self.args.verify else ""), flush=True)
        problems = list(self.problems())
        for problem in problems:
            print("error: " + problem)
        return 1 if problems else 0


NOTES = """
pages really changed: content compared with that at the dump before, page by page through /proc/PID/mem.
The client writes between dumps, and pauses from that comparison to the end of the dump.
time stopped: frozen_time of stats-dump; for memory: the part of it for attaching, scanning and taking pages.
full dump, not tracked: criu dump --leave-running of the restored redis, for comparison."""
VERIFY_NOTE = """
final dump: with --mem-tracker-verify, which reads and compares all memory while redis is stopped."""
