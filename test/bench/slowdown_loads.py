# SPDX-License-Identifier: GPL-2.0
"""The programs that test/bench/slowdown slows down. Each has window(seconds): how much it got done in that time.

window() returns {metric: (unit, value)}; "throughput" and PER_CPU are always there. The latter is what the program
gets done in a second of its own processor time: page faults make it less, being stopped or waiting for a processor
does not.
"""

import csv
import os
import struct
import subprocess
import sys
import time

import benchlib
from benchlib import Failed
from criucmd import wait_until

sys.path.insert(0, os.path.join(benchlib.TOP, "test", "demo"))
import redis  # noqa: E402

WRITER = os.path.join(benchlib.TOP, "build", "bench", "bin", "slowdown-writer")
COUNTER_ADDRESS = 0x200000000
PER_CPU = "per CPU second"


def build():
    return benchlib.compile_c(os.path.join(benchlib.HERE, "slowdown-writer.c"), WRITER)


def cpu_seconds(pid):
    """Of all its threads. The clock's number: clock_getcpuclockid(3), MAKE_PROCESS_CPUCLOCK in the kernel."""
    return time.clock_gettime(~pid << 3 | 2)


class Writer:
    """slowdown-writer.c; kind: chase or stream."""

    def __init__(self, kind, mib):
        self.unit = {"chase": "lines", "stream": "bytes"}[kind]
        self.process = subprocess.Popen([build(), kind, str(mib)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.pid = self.process.pid
        wait_until(self._count, 60, "the writer's memory")

    def _count(self):
        if self.process.poll() is not None:
            raise Failed("the writer ended: exit status %s" % self.process.returncode)
        try:
            with open("/proc/%d/mem" % self.pid, "rb", buffering=0) as f:
                f.seek(COUNTER_ADDRESS)
                return struct.unpack("=Q", f.read(8))[0]
        except OSError:
            return 0  # not mapped yet

    def window(self, seconds):
        start, cpu, first = time.monotonic(), cpu_seconds(self.pid), self._count()
        time.sleep(seconds)
        done = self._count() - first
        return {"throughput": (self.unit + "/s", done / (time.monotonic() - start)),
                PER_CPU: (self.unit + "/CPU s", done / (cpu_seconds(self.pid) - cpu))}

    def close(self):
        self.process.kill()
        self.process.wait()


class Redis:
    """redis-server with mib values of 1 KiB; redis-benchmark writes all over them."""

    VALUE = 1024  # bytes
    CLIENTS = 10
    BATCH = 500
    CALIBRATE = 20000  # requests

    def __init__(self, directory, mib):
        self.nr = (mib << 20) // self.VALUE
        os.makedirs(directory)
        self.server = redis.Server(directory)
        self.pid = self.server.pid
        self._fill()
        self.rate = self._benchmark(self.CALIBRATE)["rps"]

    def _fill(self):
        """The keys that redis-benchmark writes, so that there are none to come."""
        client = redis.Client(self.server.socket)
        for first in range(0, self.nr, self.BATCH):
            keys = range(first, min(first + self.BATCH, self.nr))
            answers = client.call([[b"SET", b"key:%012d" % i, b"x" * self.VALUE] for i in keys])
            if set(answers) != {b"OK"}:
                raise Failed("redis refused a SET")
        client.close()

    def _benchmark(self, requests):
        argv = ["redis-benchmark", "-s", self.server.socket, "-t", "set", "-n", str(requests), "-r", str(self.nr), "-d",
                str(self.VALUE), "-c", str(self.CLIENTS), "--csv"]
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              universal_newlines=True, timeout=300)
        rows = list(csv.DictReader(done.stdout.splitlines()))
        if done.returncode or len(rows) != 1 or rows[0].get("test") != "SET":
            raise Failed("redis-benchmark: exit status %d\n%s" % (done.returncode, done.stdout))
        return {name: float(value) for name, value in rows[0].items() if name != "test"}

    def window(self, seconds):
        """As many requests as redis would answer in that time at the rate of the last window."""
        requests = max(1000, int(self.rate * seconds))
        cpu = cpu_seconds(self.pid)
        result = self._benchmark(requests)
        self.rate = result["rps"]
        metrics = {"throughput": ("requests/s", result["rps"]),
                   PER_CPU: ("requests/CPU s", requests / (cpu_seconds(self.pid) - cpu))}
        for name in ("p50", "p99", "max"):
            metrics[name] = ("ms", result[name + "_latency_ms"])
        return metrics

    def close(self):
        self.server.process.kill()
        self.server.process.wait()


# name: function(directory, MiB). Names are those of the cases.
LOADS = {
    "redis": lambda directory, mib: Redis(os.path.join(directory, "redis"), mib),
    "chase": lambda _directory, mib: Writer("chase", mib),
    "stream": lambda _directory, mib: Writer("stream", mib),
}
