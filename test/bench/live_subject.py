# SPDX-License-Identifier: GPL-2.0
"""Starts test/bench/live-subject.c and talks to it through its memory."""

import os

import benchlib
from criucmd import PAGE, wait_until
from subject import Controlled

PROGRAM = os.path.join(benchlib.TOP, "build", "bench", "bin", "live-subject")
# struct control of live-subject.c
READY, ROUND, GAP_RESET, BASE, THREADS = range(5)
THREAD_ROUND, GAP_RESET_SEEN, MAX_GAP, STAMPS = range(4)
THREAD_FIELDS = 4


def build():
    return benchlib.compile_c(os.path.join(benchlib.HERE, "live-subject.c"), PROGRAM, "-pthread")


class LiveSubject(Controlled):
    def __init__(self, mib, threads, percent, rate):
        self.threads = threads
        self.pages = (mib << 20) // PAGE
        self.round_pages = int(self.pages * percent / 100)
        argv = [build(), str(mib), str(threads), str(self.round_pages), str(rate)]
        super().__init__(argv)
        self.round = 0
        wait_until(lambda: self.alive() and self._read(READY), 120, "the subject")
        self.base = self._read(BASE)

    def _of_threads(self, field):
        return [self._read(THREADS + THREAD_FIELDS * i + field) for i in range(self.threads)]

    def dirty(self):
        """Has the threads write a round's pages."""
        self.round += 1
        self._write(ROUND, self.round)
        wait_until(lambda: self.alive() and set(self._of_threads(THREAD_ROUND)) == {self.round}, 120,
                   "round %d of the subject" % self.round)

    def start_gap(self):
        asked = self._read(GAP_RESET) + 1
        self._write(GAP_RESET, asked)
        wait_until(lambda: set(self._of_threads(GAP_RESET_SEEN)) == {asked}, 60, "the subject's threads")

    def end_gap(self):
        """The longest time since start_gap() for which a thread made no stamp, in microseconds."""
        # One that lasts until now is noted when the thread runs again.
        before = self._of_threads(STAMPS)
        wait_until(lambda: all(now > then + 1 for now, then in zip(self._of_threads(STAMPS), before)), 60,
                   "the subject's threads")
        return max(self._of_threads(MAX_GAP)) / 1000

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=60)
