# SPDX-License-Identifier: GPL-2.0
"""Root file systems for containers, from what is installed: no image is fetched."""

import os
import re
import shutil

import host
from criucmd import Failed

DIRECTORIES = ("bin", "dev", "etc", "proc", "sys", "tmp", "run", "data", "root", "var")


def make(path):
    """An empty one, with busybox."""
    for name in DIRECTORIES:
        os.makedirs(os.path.join(path, name))
    with open(os.path.join(path, "etc/passwd"), "w") as f:
        f.write("root:x:0:0:root:/root:/bin/sh\n")
    add_static(path, shutil.which("busybox"), "busybox")
    for name in ("sh", "cat", "sleep"):
        os.symlink("busybox", os.path.join(path, "bin", name))
    return path


def add_static(path, program, name):
    if not program:
        raise Failed("there is no %s here" % name)
    shutil.copy(program, os.path.join(path, "bin", name))


def add_dynamic(path, program, name):
    """A program with the libraries that it loads."""
    add_static(path, program, name)
    for library in re.findall(r"(/\S+) \(0x", host.run(["ldd", program])):
        to = path + library
        os.makedirs(os.path.dirname(to), exist_ok=True)
        if not os.path.exists(to):
            shutil.copy(library, to)


def give_to(path, uid):
    """For a user namespace in which root is that user."""
    for directory, names, files in os.walk(path):
        for name in [".", *names, *files]:
            os.chown(os.path.join(directory, name), uid, uid, follow_symlinks=False)
