# SPDX-License-Identifier: GPL-2.0
"""Starts test/bench/subject.c and talks to it through its memory."""

import functools
import os
import signal
import struct
import subprocess
import time

import benchlib
from benchlib import Failed
from criucmd import PAGE, wait_until

PROGRAM = os.path.join(benchlib.TOP, "build", "bench", "bin", "subject")
CONTROL_ADDRESS = 0x200000000
# struct control of subject.c
ROUND, BASE, STAMPS, MAX_GAP, GAP_RESET, GAP_RESET_SEEN = range(6)


@functools.lru_cache(maxsize=None)
def build():
    """Once: a program must not change under the tasks that run it."""
    return benchlib.compile_c(os.path.join(benchlib.HERE, "subject.c"), PROGRAM, "-pthread")


class Shape:
    """What a subject consists of; see subject.c. percent: of the pages, written in each round."""

    def __init__(self, mib=1024, percent=1, tasks=1, vmas=1, sparse_gib=0, thp=False):
        self.mib, self.percent, self.tasks, self.vmas = mib, percent, tasks, vmas
        self.sparse_gib, self.thp = sparse_gib, thp

    def pages(self):
        return (self.mib << 20) // self.tasks // PAGE * self.tasks

    def dirty_pages(self):
        """Every task writes the same number."""
        return int(self.pages() * self.percent / 100) // self.tasks * self.tasks

    def arguments(self):
        words = ["-m", self.mib, "-d", self.dirty_pages(), "-t", self.tasks, "-v", self.vmas, "-a", self.sparse_gib]
        return [str(w) for w in words] + (["-h"] if self.thp else [])


class Controlled:
    """A process that talks with the bench through a page of its memory: 64-bit fields at CONTROL_ADDRESS."""

    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        self.pid = self.process.pid

    def alive(self):
        if self.process.poll() is not None:
            raise Failed("the subject ended: exit status %s" % self.process.returncode)
        return True

    def _read(self, field, pid=None):
        try:
            with open("/proc/%d/mem" % (pid or self.pid), "rb", buffering=0) as f:
                f.seek(CONTROL_ADDRESS + 8 * field)
                return struct.unpack("=Q", f.read(8))[0]
        except OSError:
            return 0  # not mapped yet

    def _write(self, field, value):
        with open("/proc/%d/mem" % self.pid, "r+b", buffering=0) as f:
            f.seek(CONTROL_ADDRESS + 8 * field)
            f.write(struct.pack("=Q", value))

    def quiet_gap(self, seconds, command=()):
        """As end_gap() after start_gap(), with nothing done to the subject. command is run, if there is one."""
        self.start_gap()
        end = time.monotonic() + seconds
        if command:
            subprocess.run(command, check=True, timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(max(0, end - time.monotonic()))
        return self.end_gap()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Subject(Controlled):
    def __init__(self, shape, seed=1):
        self.shape = shape
        super().__init__([build(), "-s", str(seed), *shape.arguments()])
        wait_until(lambda: self.alive() and len(self._children()) == shape.tasks - 1, 60, "the subject's tasks")
        self.pids = [self.pid] + self._children()
        self.round = 0
        self._wait_for_round()
        self.base = self._read(BASE)

    def _children(self):
        with open("/proc/%d/task/%d/children" % (self.pid, self.pid)) as f:
            return [int(pid) for pid in f.read().split()]

    def _wait_for_round(self):
        self.round += 1
        for pid in self.pids:
            wait_until(lambda pid=pid: self.alive() and self._read(ROUND, pid) == self.round, 300,
                       "round %d of the subject" % self.round)

    def dirty(self):
        os.killpg(self.pid, signal.SIGUSR1)
        self._wait_for_round()

    def start_gap(self):
        asked = self._read(GAP_RESET) + 1
        self._write(GAP_RESET, asked)
        wait_until(lambda: self._read(GAP_RESET_SEEN) == asked, 60, "the subject's gap thread")

    def end_gap(self):
        """The longest time since start_gap() for which the gap thread made no stamp, in microseconds."""
        # One that lasts until now is noted when the thread runs again.
        before = self._read(STAMPS)
        wait_until(lambda: self._read(STAMPS) > before + 1, 60, "the subject's gap thread")
        return self._read(MAX_GAP) / 1000

    def reap(self):
        """After a dump that ended it."""
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            raise Failed("the subject outlived its last dump")
        for pid in self.pids[1:]:
            try:
                os.waitpid(pid, 0)
            except ChildProcessError:
                pass

    def seconds_to_end(self):
        """Kills all tasks and returns how long it takes until they, and their memory, are gone."""
        start = time.monotonic()
        os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        for pid in self.pids[1:]:
            os.waitpid(pid, 0)  # ours now that their parent is gone
        return time.monotonic() - start

    def close(self):
        if self.process.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        self.reap()
