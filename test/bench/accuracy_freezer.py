# SPDX-License-Identifier: GPL-2.0
"""A control group whose tasks can be frozen: CRIU dumps them as they are (--freeze-cgroup).

Of stopped tasks (SIGSTOP) CRIU makes no pre-dumps. Control groups of version 2
only: there frozen tasks can be killed, so an interrupted run leaves none.
"""

import os

from criucmd import Failed, wait_until

FREEZE_SECONDS = 60


def _root():
    with open("/proc/self/mounts") as mounts:
        for line in mounts:
            _, path, kind = line.split()[:3]
            if kind == "cgroup2":
                return path
    raise Failed("there is no cgroup2 file system")


class Freezer:
    """As a context manager, so that the control group is removed; its tasks have to be gone then."""

    def __init__(self, name):
        self.path = os.path.join(_root(), name)

    def __enter__(self):
        os.mkdir(self.path)
        return self

    def __exit__(self, *_):
        os.rmdir(self.path)

    def _write(self, name, text):
        with open(os.path.join(self.path, name), "w") as f:
            f.write(text)

    def add(self, pids):
        for pid in pids:
            self._write("cgroup.procs", str(pid))

    def freeze(self):
        self._write("cgroup.freeze", "1")
        wait_until(self._is_frozen, FREEZE_SECONDS, "freezing of " + self.path)

    def _is_frozen(self):
        with open(os.path.join(self.path, "cgroup.events")) as f:
            return "frozen 1" in f.read().splitlines()

    def thaw(self):
        self._write("cgroup.freeze", "0")
