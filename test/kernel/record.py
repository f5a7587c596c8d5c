# SPDX-License-Identifier: GPL-2.0
"""Which kernels with our patches passed ./check: in the file ./passed, with a hash of what they are made of."""

import hashlib
import os

from machine import HERE, TOP, read_table, series_names

PATCHES = os.path.join(TOP, "kernel-patches")
PASSED = os.path.join(HERE, "passed")
HEAD = """\
# The kernels of kernel-patches on which test/kernel/check found nothing, and what they were made of then: SHA-256 of
# the patches without their messages, the configuration, and the line of kernel-patches/kernels. test/kernel/check
# writes it. What has changed since is what test/kernel/check-changed looks at.
"""


def diff_of(path):
    """Without the message."""
    with open(path, "rb") as f:
        head, mark, diff = f.read().partition(b"\ndiff --git ")
    return mark + diff if mark else head


def inputs(series, patches=PATCHES):
    """SHA-256, in hex digits, of what the repository has to say about the kernel."""
    digest = hashlib.sha256()
    line = [line for line in read_table(os.path.join(patches, "kernels")) if line[0] == series]
    digest.update(repr(line).encode())
    directory = os.path.join(patches, series)
    files = [os.path.join(patches, "config"), os.path.join(directory, "config")]
    files += [os.path.join(directory, line[0]) for line in read_table(os.path.join(directory, "series"))]
    for path in files:
        content = diff_of(path) if os.path.exists(path) else b""
        digest.update(b"%d\n" % len(content) + content)
    return digest.hexdigest()


def read_passed():
    """{series: hash}"""
    return dict(read_table(PASSED)) if os.path.exists(PASSED) else {}


def write_passed(series):
    """The kernel of this series, as it is now, passed."""
    hashes = dict(read_passed(), **{series: inputs(series)})
    with open(PASSED + ".new", "w") as f:
        f.write(HEAD + "".join("%s %s\n" % (name, hashes[name]) for name in series_names() if name in hashes))
    os.rename(PASSED + ".new", PASSED)


def changed():
    """The series that differ from what passed."""
    passed = read_passed()
    return [name for name in series_names() if passed.get(name) != inputs(name)]
