# SPDX-License-Identifier: GPL-2.0
"""The programs whose memory test/bench/accuracy looks at.

Each has pids (of its tasks), run(seconds): lets it change its memory, disconnect():
called before the last dump, and close().
"""

import os
import shutil
import subprocess
import sys
import time

import benchlib
import subject
from benchlib import Failed
from criucmd import wait_until

sys.path.insert(0, os.path.join(benchlib.TOP, "test", "demo"))
import redis  # noqa: E402
from load import Data, Writer  # noqa: E402

PYTHON = "/usr/bin/python3"
READY_SECONDS = 300


class Random(subject.Subject):
    """Writes a share of its pages, different ones, spread at random."""

    def __init__(self, args, _directory, **shape):
        super().__init__(subject.Shape(mib=args.mib, **shape), args.seed)

    def run(self, _seconds):
        self.dirty()

    def disconnect(self):
        pass


class Program:
    """Runs on until it is stopped, wherever that is."""

    def __init__(self, argv, directory, seed):
        ready = os.path.join(directory, "ready")
        self.process = subprocess.Popen([*argv, str(seed), ready], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        self.pids = [self.process.pid]
        wait_until(lambda: os.path.exists(ready) or self.process.poll() is not None, READY_SECONDS, " ".join(argv))
        if self.process.poll() is not None:
            raise Failed("%s ended: exit status %d" % (" ".join(argv), self.process.returncode))

    def run(self, seconds):
        time.sleep(seconds)

    def disconnect(self):
        pass

    def close(self):
        self.process.kill()
        self.process.wait()


class Native(Program):
    def __init__(self, args, directory, what):
        super().__init__([build(), what], directory, args.seed)


class Python(Program):
    def __init__(self, args, directory):
        # -I, -S: nothing of the user's, nothing of the site's; the same modules everywhere.
        super().__init__([PYTHON, "-I", "-S", os.path.join(benchlib.HERE, "accuracy-python.py")], directory, args.seed)


class Redis:
    """A server; a client rewrites keys at random without a pause, 1% of them in two seconds."""

    def __init__(self, args, directory):
        self.server = redis.Server(directory)
        self.pids = [self.server.pid]
        self.writer = None
        data = Data(args.mib, args.seed)
        data.fill(self.server.socket, lambda *_: None)
        self.writer = Writer(data, self.server.socket, args.seed)

    def run(self, seconds):
        time.sleep(seconds)

    def disconnect(self):
        """A dump refuses connections to tasks that are not part of it."""
        self.writer.end()
        self.writer = None

    def close(self):
        if self.writer:
            self.writer.process.kill()
            self.writer.process.join()
        self.server.process.kill()
        self.server.process.wait()


# name -> function(args, directory)
LOADS = {
    "random writer, 1%": lambda args, d: Random(args, d, percent=1),
    "random writer, 10%": lambda args, d: Random(args, d, percent=10),
    "random writers, 4 tasks, 1%": lambda args, d: Random(args, d, percent=1, tasks=4),
    "random writer, 1%, THP": lambda args, d: Random(args, d, percent=1, thp=True),
    "malloc and free": lambda args, d: Native(args, d, "malloc"),
    "VMA merge and split": lambda args, d: Native(args, d, "vmas"),
    "python": Python,
    "redis": Redis,
}


def build():
    return benchlib.compile_c(os.path.join(benchlib.HERE, "accuracy-load.c"),
                              os.path.join(benchlib.TOP, "build", "bench", "bin", "accuracy-load"), "-D_GNU_SOURCE")


def available():
    """Names of LOADS, and of those that the machine has no program for."""
    has_redis = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    missing = [] if has_redis else ["redis"]
    return [name for name in LOADS if name not in missing], missing
