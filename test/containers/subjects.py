# SPDX-License-Identifier: GPL-2.0
"""What runs in the containers, and how it is found to be as it must be after a restore."""

import contextlib
import glob
import os
import shutil
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "demo"))

import redis  # noqa: E402
import rootfs  # noqa: E402
from criucmd import TOP, Failed, wait_until  # noqa: E402
from load import Data  # noqa: E402

START_SECONDS = 30


def _nothing(_done, _total):
    pass


class Counter:
    """busybox: counts in a variable of a shell, and writes each number down."""

    share = None  # its memory is a handful of pages: nothing to compare
    argv = ["/bin/sh", "-c", "i=0; while :; do i=$((i+1)); echo $i >>/data/log; sleep 0.02; done"]

    def __init__(self, root):
        self.log = os.path.join(root, "data/log")

    def _numbers(self):
        with open(self.log) as f:
            return [int(n) for n in f.read().split()]

    def _wait_for_more(self, than):
        wait_until(lambda: os.path.exists(self.log) and len(self._numbers()) > than, START_SECONDS, "the counter")

    def start(self, _container):
        self._wait_for_more(0)

    def change(self):
        self._wait_for_more(len(self._numbers()) + 5)

    def quiet(self):
        """Before the last dump: nothing to close."""

    def check(self, _container):
        """Goes on, and no number is missing or there twice."""
        self._wait_for_more(len(self._numbers()) + 5)
        numbers = self._numbers()
        if numbers != list(range(1, len(numbers) + 1)):
            raise Failed("the counter wrote %s" % numbers)


class Redis:
    """redis-server with values that follow from a seed; 1% of the keys are rewritten before each dump."""

    share = 0.25  # the last dump must be smaller than this part of the first
    argv = ["/bin/redis-server", "--port", "0", "--unixsocket", "/data/redis.sock", "--save", "", "--appendonly", "no",
            "--daemonize", "no", "--dir", "/data", "--logfile", "/data/log"]

    def __init__(self, root, megabytes=200, seed=1):
        rootfs.add_dynamic(root, shutil.which("redis-server"), "redis-server")
        self.data = Data(megabytes, seed)
        self.turn = 0

    def _find(self, container):
        # By the root of the task: a path of any length would not fit into a socket's address.
        self.pid = container.pid()
        self.socket = "/proc/%d/root/data/redis.sock" % self.pid

    def _nr_sockets(self):
        number = 0
        for path in glob.glob("/proc/%d/fd/*" % self.pid):
            with contextlib.suppress(FileNotFoundError):  # closed just now
                number += os.readlink(path).startswith("socket:")
        return number

    def start(self, container):
        self._find(container)
        wait_until(lambda: os.path.exists(self.socket), START_SECONDS, "start of redis-server")
        self.idle_sockets = self._nr_sockets()
        self.data.fill(self.socket, _nothing)

    def change(self):
        client = redis.Client(self.socket)
        keys = range(self.turn, self.data.nr, 100)
        self.turn += 1
        for i in keys:
            self.data.generation[i] += 1
        self.data.write(client, keys)
        client.close()

    def quiet(self):
        """Connections from outside the container can't be dumped. Until redis has noticed that they were closed."""
        wait_until(lambda: self._nr_sockets() == self.idle_sockets, START_SECONDS, "redis to close its connections")

    def check(self, container):
        self._find(container)
        wrong = self.data.check(self.socket, _nothing)
        if wrong:
            raise Failed("%d of %d keys are wrong: %s" % (len(wrong), self.data.nr, wrong[:10]))
        self.change()
        if self.data.check(self.socket, _nothing):
            raise Failed("keys written after the restore are wrong")


class Blocks:
    """blocks.c: checks its own memory."""

    share = 0.5

    def __init__(self, root, megabytes=50, seed=1):
        rootfs.add_static(root, os.path.join(TOP, "build/obj/test-containers/blocks"), "blocks")
        self.argv = ["/bin/blocks", str(megabytes), str(seed)]
        self.cwd = "/data"
        self.seed = seed
        self.data = os.path.join(root, "data")

    def _read(self, name):
        try:
            with open(os.path.join(self.data, name)) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def _steps(self):
        wrong = self._read("wrong")
        if wrong:
            raise Failed("blocks with seed %d: %s" % (self.seed, wrong))
        return int(self._read("steps") or -1)

    def start(self, _container):
        wait_until(lambda: self._steps() >= 0, START_SECONDS, "start of blocks")

    def change(self):
        goal = self._steps() + 200
        wait_until(lambda: self._steps() > goal, START_SECONDS, "blocks")

    def quiet(self):
        pass

    def check(self, container):
        """It goes on from where it was, and all of its pages are its own."""
        before = self._steps()
        if os.path.exists(os.path.join(self.data, "checked")):
            os.unlink(os.path.join(self.data, "checked"))
        os.kill(container.pid(), signal.SIGUSR1)
        wait_until(lambda: self._steps() >= 0 and self._read("checked"), START_SECONDS, "blocks to check itself")
        seed, steps = map(int, self._read("checked").split())
        if seed != self.seed or steps < before:
            raise Failed("blocks with seed %d, %d steps, is now one with seed %d, %d steps" %
                         (self.seed, before, seed, steps))
