# SPDX-License-Identifier: GPL-2.0
"""The subjects of check-sparse: what they are, how they are built and started."""

import collections
import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
SUBJECTS = os.path.join(HERE, "subjects")
HEAP_KIB = 32 << 10
# Where times are compared: the constant part is not to be most of them.
TIMED_HEAP_KIB = 64 << 10

# build: (tool, *arguments), see build(). arguments: of the program, behind its directory. ratio: compared with the
# plain program, which has LIMIT times as long at most. copies: memory that tasks share may be copied by a restore.
Row = collections.namedtuple("Row", "name build arguments ratio copies", defaults=(False,))
LIMIT = 2
PLAIN = Row("plain", ("cc", "heap.c"), (), False)


def heap(name, compiler, sanitizer, *more, ratio=False):
    kib = TIMED_HEAP_KIB if ratio else HEAP_KIB
    return Row(name, (compiler, "heap.c", "-fsanitize=" + sanitizer), (str(kib), *more), ratio)


def mappings(name, *arguments, flags=()):
    return Row(name, ("cc", "mappings.c", *flags), arguments, False)


ROWS = (
    heap("gcc ASan, 20 TiB", "gcc", "address", "2", ratio=True),
    heap("clang ASan, 20 TiB", "clang", "address", "2", ratio=True),
    heap("gcc ASan, three children", "gcc", "address", "0", "3"),
    heap("clang ASan, three children", "clang", "address", "0", "3"),
    heap("gcc TSan, 124.5 TiB", "gcc", "thread", "2", ratio=True),
    heap("clang TSan, 124.5 TiB", "clang", "thread", "2", ratio=True),
    heap("clang MSan, 100 TiB", "clang", "memory", "2"),
    heap("clang DFSan, 100 TiB", "clang", "dataflow"),
    mappings("64 x 1 TiB", "terabytes", "64"),
    mappings("16 TiB PROT_NONE, islands", "islands"),
    mappings("30 x 1 TiB", "terabytes", "30"),
    mappings("30 x 1 TiB, three children", "terabytes", "30", "1", "3"),
    # Without PIE, so that what lies where PIEs are, as criu's, is the mapping.
    mappings("64 TiB, three children", "terabytes", "1", "64", "3", flags=("-no-pie",)),
    # There is no place for as much a second time, not even one that overlaps.
    mappings("96 TiB, three children", "terabytes", "1", "96", "3", flags=("-no-pie",))._replace(copies=True),
    mappings("file mapping, 100 GB", "file", "FILE"),
    heap("gcc LSan", "gcc", "leak", "2"),
    heap("clang LSan", "clang", "leak", "2"),
    heap("gcc UBSan", "gcc", "undefined", "2"),
    heap("clang UBSan", "clang", "undefined", "2"),
    heap("clang SafeStack", "clang", "safe-stack", "2"),
    heap("clang Scudo", "clang", "scudo", "2"),
    Row("Go -race", ("go", "heap.go"), (), False),
    Row("Java G1", ("javac", "Heap.java", "-XX:+UseG1GC"), (), False),
    Row("Java ZGC", ("javac", "Heap.java", "-XX:+UseZGC"), (), False),
    Row("node", ("node", "heap.js"), (), False),
    Row("python", ("/usr/bin/python3", "heap.py"), (), False),
    mappings("60,000 VMAs", "vmas"),
    heap("four tasks", "gcc", "undefined", "0", "3"),
)


class NotInstalled(Exception):
    pass


def run(*argv, **options):
    subprocess.run(argv, check=True, timeout=300, stdin=subprocess.DEVNULL, **options)


def build_c(compiler, source, flags, output):
    probe = subprocess.run([compiler, *flags, "-x", "c", "-o", output, "-"], input=b"int main(void) { return 0; }",
                           stderr=subprocess.DEVNULL, timeout=60)
    if probe.returncode:
        raise NotInstalled()
    run(compiler, "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-pthread", *flags,
        os.path.join(SUBJECTS, source), os.path.join(SUBJECTS, "protocol.c"), "-o", output)
    return [output]


def build_java(source, flags, directory):
    if not shutil.which("java"):
        raise NotInstalled()
    run("javac", "-d", directory, os.path.join(SUBJECTS, source))
    # Its file of counters in /tmp would be there twice while it is dumped and restored elsewhere.
    return ["java", "-XX:-UsePerfData", "-Xmx256m", *flags, "-cp", directory, source[:-len(".java")]]


def build_go(source, output):
    cache = output + "-cache"
    try:
        run("go", "build", "-race", "-o", output, os.path.join(SUBJECTS, source),
            env=dict(os.environ, GOCACHE=cache, GOFLAGS="-mod=mod", GO111MODULE="off", CGO_ENABLED="1"))
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    return [output]


def build(row, obj):
    """Returns the command of the subject, without its arguments; raises NotInstalled."""
    tool, source, *flags = row.build
    if not shutil.which(tool):
        raise NotInstalled()
    name = "-".join((source.split(".")[0], os.path.basename(tool), *flags)).replace("=", "-")
    output = os.path.join(obj, name.replace(":", "").replace("+", ""))
    os.makedirs(obj, exist_ok=True)
    if source.endswith(".c"):
        return build_c(tool, source, flags, output)
    if tool == "javac":
        return build_java(source, flags, output)
    if tool == "go":
        return build_go(source, output)
    return [shutil.which(tool), os.path.join(SUBJECTS, source)]
