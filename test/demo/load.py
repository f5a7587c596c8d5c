# SPDX-License-Identifier: GPL-2.0
"""The data: what every key must hold, and the client that keeps rewriting them."""

import hashlib
import multiprocessing
import random
import time

from criucmd import Failed, wait_until
from redis import Client

VALUE_SIZE = 1024  # bytes
BATCH = 500  # keys at a time when all of them are written or read
WRITE_PERIOD = 2.0  # seconds in which the client rewrites PERCENT of the keys
WRITE_PAUSE = 0.04
PERCENT = 1


class Data:
    """nr keys; what a key holds follows from the seed, its number and how often it was written."""

    def __init__(self, megabytes, seed):
        self.nr = (megabytes << 20) // VALUE_SIZE
        self.seed = seed
        # Shared with the writer; counted up before a key is sent.
        self.generation = multiprocessing.RawArray("I", self.nr)

    @staticmethod
    def key(i):
        return b"key:%d" % i

    def value(self, i):
        return hashlib.shake_128(b"%d:%d:%d" % (self.seed, i, self.generation[i])).digest(VALUE_SIZE)

    def _batches(self):
        for first in range(0, self.nr, BATCH):
            yield range(first, min(first + BATCH, self.nr))

    def write(self, client, keys):
        answers = client.call([[b"SET", self.key(i), self.value(i)] for i in keys])
        if any(answer != b"OK" for answer in answers):
            raise Failed("redis refused a SET")

    def fill(self, path, progress):
        client = Client(path)
        for keys in self._batches():
            self.write(client, keys)
            progress(keys.stop, self.nr)
        client.close()

    def check(self, path, progress):
        """Reads every key. Returns the numbers of those that are missing or hold anything else."""
        client = Client(path)
        wrong = []
        for keys in self._batches():
            values = client.call([[b"MGET", *map(self.key, keys)]])[0]
            wrong += [i for i, value in zip(keys, values) if value != self.value(i)]
            progress(keys.stop, self.nr)
        nr = client.call([[b"DBSIZE"]])[0]
        client.close()
        if nr != self.nr:
            raise Failed("redis has %d keys, not %d" % (nr, self.nr))
        return wrong


class Writer:
    """A process that rewrites keys, chosen at random, a few at a time, until it is told to pause or to end."""

    RUN, PAUSE, END = range(3)

    def __init__(self, data, path, seed):
        self.data = data
        self.path = path
        self.seed = seed
        self.written = multiprocessing.RawValue("Q")  # answered by redis
        self.wanted = multiprocessing.RawValue("i", self.RUN)
        self.paused = multiprocessing.RawValue("i")
        # Not a thread: it must not share this interpreter's lock with the counting of pages.
        self.process = multiprocessing.Process(target=self._run, daemon=True)
        self.process.start()

    def _run(self):
        rng = random.Random(self.seed)
        client = Client(self.path)
        while self.wanted.value != self.END:
            self.paused.value = self.wanted.value == self.PAUSE
            if not self.paused.value:
                self._write_batch(rng, client)
            time.sleep(WRITE_PAUSE)
        client.close()

    def _write_batch(self, rng, client):
        keys = rng.sample(range(self.data.nr), max(1, int(self.data.nr * PERCENT / 100 * WRITE_PAUSE / WRITE_PERIOD)))
        for i in keys:
            self.data.generation[i] += 1
        self.data.write(client, keys)
        self.written.value += len(keys)

    def _wait(self, condition):
        wait_until(lambda: condition() or not self.process.is_alive(), 60, "the writing client")
        if not self.process.is_alive():
            raise Failed("the writing client ended: exit status %s" % self.process.exitcode)

    def wait_for_percent(self):
        """Returns when PERCENT of the keys, repeats counted, were rewritten since the call."""
        goal = self.written.value + self.data.nr * PERCENT // 100
        self._wait(lambda: self.written.value >= goal)

    def pause(self):
        """After this, all that was sent is answered, and nothing is sent. The connection stays."""
        self.wanted.value = self.PAUSE
        self._wait(lambda: self.paused.value)

    def resume(self):
        self.wanted.value = self.RUN

    def end(self):
        """After this, all that was sent is answered, and the connection is closed."""
        self.wanted.value = self.END
        self.process.join(60)
        if self.process.exitcode != 0:
            raise Failed("the writing client: exit status %s" % self.process.exitcode)
