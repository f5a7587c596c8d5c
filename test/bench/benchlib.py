# SPDX-License-Identifier: GPL-2.0
"""What all benchmarks have in common: rows in CSV files, statistics, the machine, the frame of a program.

A benchmark NAME writes one value a row to build/bench/NAME.csv (see HEADER) and
what it ran on to build/bench/NAME.json. Quick runs write to build/bench/quick,
runs in a virtual machine with kernel K end up in build/bench/vm-K: never mixed.
"""

import collections
import csv
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, "test", "lib"))
sys.dont_write_bytecode = True

import criucmd  # noqa: E402
import sandbox  # noqa: E402
from criucmd import Failed  # noqa: E402

# BENCH_DIR: in a virtual machine, where results have to be left in another place.
DIRECTORY = os.environ.get("BENCH_DIR", os.path.join(TOP, "build", "bench"))
# case: what was measured ("1024 MiB, 1%"); variant: by which means ("ours splice"); run: 1 to N. Values of one case
# and run were measured side by side, so that their ratio means something.
HEADER = ("benchmark", "case", "variant", "run", "metric", "unit", "value")
Row = collections.namedtuple("Row", HEADER)
Summary = collections.namedtuple("Summary", "median min max count")


class Table:
    """Writes NAME.csv and NAME.json; as a context manager, so that a run that fails leaves the old ones alone."""

    def __init__(self, name, quick=False):
        self.name = name
        directory = os.path.join(DIRECTORY, "quick") if quick else DIRECTORY
        os.makedirs(directory, exist_ok=True)
        self.path = os.path.join(directory, name + ".csv")
        self.notes = machine()

    def __enter__(self):
        self.file = open(self.path + ".new", "w", newline="")
        self.writer = csv.writer(self.file, lineterminator="\n")
        self.writer.writerow(HEADER)
        return self

    def add(self, case, variant, run, metric, unit, value):
        self.writer.writerow((self.name, case, variant, run, metric, unit, value))
        self.file.flush()

    def __exit__(self, kind, _value, _trace):
        self.file.close()
        if kind is None:
            self.notes["minutes"] = round((time.time() - self.notes["started"]) / 60, 1)
            with open(self.path[:-4] + ".json", "w") as f:
                json.dump(self.notes, f, indent=1)
            os.rename(self.path + ".new", self.path)


def read(name, directory=DIRECTORY):
    """The rows of NAME.csv, run and value as numbers; [] if there is no such file."""
    try:
        with open(os.path.join(directory, name + ".csv"), newline="") as f:
            rows = list(csv.reader(f))
    except FileNotFoundError:
        return []
    if not rows or tuple(rows[0]) != HEADER:
        raise Failed("%s.csv: the header is not %s" % (name, ",".join(HEADER)))
    return [Row(*r[:3], int(r[3]), *r[4:6], float(r[6])) for r in rows[1:]]


def read_machine(name, directory=DIRECTORY):
    """What machine() said when NAME.csv was made, or None."""
    try:
        with open(os.path.join(directory, name + ".json")) as f:
            return json.load(f)
    except FileNotFoundError:
        return None


# --- Rows to figures ---


def distinct(rows, column):
    """The values of a column, in the order in which they first appear."""
    return list(dict.fromkeys(getattr(r, column) for r in rows))


def select(rows, **wanted):
    return [r for r in rows if all(getattr(r, k) == v for k, v in wanted.items())]


def values(rows, **wanted):
    return [r.value for r in select(rows, **wanted)]


def summary(numbers):
    """Median, minimum, maximum and count, or None if there is nothing."""
    numbers = list(numbers)
    return Summary(statistics.median(numbers), min(numbers), max(numbers), len(numbers)) if numbers else None


def ratios(rows, case, metric, over, under):
    """over / under (variants) of each run that has both."""
    value = {(r.variant, r.run): r.value for r in select(rows, case=case, metric=metric)}
    runs = [run for variant, run in value if variant == over and value.get((under, run))]
    return [value[over, run] / value[under, run] for run in runs]


def number(value):
    """Three significant digits, no exponent."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 100:
        return "{:,.0f}".format(value)
    return "%.*f" % (1 if size >= 10 else 2 if size >= 1 else 3, value)


def spread(figures, scale=1):
    """A Summary as "median (min to max)", divided by scale."""
    if figures is None:
        return "-"
    return "%s (%s to %s)" % tuple(number(v / scale) for v in figures[:3])


def markdown(header, rows):
    """A table; all columns but the first are aligned to the right."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1)] + [list(map(str, row)) for row in rows]
    return "\n".join("| %s |" % " | ".join(line) for line in lines) + "\n"


# --- The machine ---


def _first_line(*argv):
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              universal_newlines=True, timeout=10)
    except OSError:
        return ""
    return done.stdout.strip().split("\n")[0] if done.returncode == 0 else ""


def _proc_value(path, key):
    with open(path) as f:
        for line in f:
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
    return ""


def _thp():
    try:
        with open("/sys/kernel/mm/transparent_hugepage/enabled") as f:
            return f.read().split("[")[1].split("]")[0]
    except OSError:
        return "none"


def _commit():
    head = _first_line("git", "-c", "safe.directory=*", "-C", TOP, "rev-parse", "--short=12", "HEAD")
    changed = _first_line("git", "-c", "safe.directory=*", "-C", TOP, "status", "--porcelain", "-uno")
    return head + (" with changes" if changed else "")


def machine():
    """What figures depend on. In a virtual machine without git and compiler, BENCH_HOST has what the host said."""
    host = json.loads(os.environ.get("BENCH_HOST", "{}"))
    cpu = _proc_value("/proc/cpuinfo", "model name") or platform.machine()
    flags = _proc_value("/proc/cpuinfo", "flags").split()
    return {
        "cpu": cpu + (", virtual" if "hypervisor" in flags else "") + (", emulated (QEMU TCG)" if host else ""),
        "cpus": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * criucmd.PAGE / (1 << 30), 1),
        "arch": platform.machine(),
        "kernel": platform.release(),
        "page_bytes": criucmd.PAGE,
        "thp": _thp(),
        "criu": _first_line(os.path.join(criucmd.USR, "sbin", "criu"), "--version"),
        "commit": host.get("commit") or _commit(),
        "compiler": host.get("compiler") or _first_line(os.environ.get("CC", "cc"), "--version"),
        "load": os.getloadavg()[0],
        "started": time.time(),
    }


# --- The frame of a program ---


def compile_c(source, output, *flags):
    """output is made of source unless it is newer. Where there is no compiler (a virtual machine), it has to be."""
    if not os.path.exists(output) or os.path.getmtime(output) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(output), exist_ok=True)
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-Wall", "-Wextra", "-Werror", "-o", output, source, *flags],
                       check=True, timeout=120)
    return output


def run(bench):
    """Runs bench(directory) as pid 1 of a sandbox (test/lib/sandbox.py) and returns the exit status of the program.

    directory is an empty one on disk that is removed afterwards. bench may raise Failed; what it returns is the
    exit status, None counts as 0.
    """
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, signal.default_int_handler)
    if os.geteuid() != 0 or not criucmd.is_built():
        print("run this as root, after 'make'", file=sys.stderr)
        return 1
    # Not in /tmp, which may be memory.
    os.makedirs(DIRECTORY, exist_ok=True)
    directory = tempfile.mkdtemp(prefix="run-", dir=DIRECTORY)

    def inside():
        try:
            return bench(directory)
        except Failed as e:
            print("error: %s" % e, file=sys.stderr)
            return 1

    try:
        return sandbox.run(inside)
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def progress(text):
    print(text, file=sys.stderr, flush=True)
