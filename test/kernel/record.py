# SPDX-License-Identifier: GPL-2.0
"""Which kernels with our patches passed ./check: in the file ./passed, with a hash of what they are made of."""

import hashlib
import os
import subprocess

from machine import HERE, TOP, read_table, series_names

# $0: this tree, $1: the series, $2: the tree with its patches
RECIPE = """
. "$0/test/vm/lib.sh"
. "$0/test/vm/kernel-tree.sh"
top=$2
table_line "$top/kernel-patches/kernels" "$1"
use_tree "$1-patched"
recipe
"""
PASSED = os.path.join(HERE, "passed")
HEAD = """\
# The kernels of kernel-patches on which test/kernel/check found nothing, and what they were made of then: SHA-256 of
# the patches without their messages, the configuration, and the line of kernel-patches/kernels. test/kernel/check
# writes it. What has changed since is what test/kernel/check-changed looks at.
"""


def inputs(series, top=TOP):
    """SHA-256, in hex digits, of what the repository at top has to say about the kernel."""
    done = subprocess.run(["bash", "-c", RECIPE, TOP, series, top], check=True, stdout=subprocess.PIPE, timeout=60)
    return hashlib.sha256(done.stdout).hexdigest()


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
