# SPDX-License-Identifier: GPL-2.0
"""Runs the staged criu and reads what it wrote, with crit."""

import glob
import json
import os
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
USR = os.path.join(TOP, "build", "root", "usr")
PLUGINS = os.path.join(USR, "lib", "criu")
COMMAND_SECONDS = 300
PAGE = os.sysconf("SC_PAGESIZE")

PE_PARENT = 1  # criu/include/pagemap.h
PE_PRESENT = 4


class Failed(Exception):
    """Something did not work; the text says what, and has the end of the log that says more."""


def end_of(log, lines=15):
    try:
        with open(log, errors="replace") as f:
            return "".join("    " + line for line in f.readlines()[-lines:])
    except OSError:
        return ""


def wait_until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed("timed out after %d s: %s" % (seconds, what))
        time.sleep(0.005)


def is_built():
    return all(os.access(os.path.join(USR, p), os.X_OK) for p in ("sbin/criu", "bin/crit"))


def run_criu(action, images, *args, criu=None, prefix=()):
    """Runs a criu action on the directory, which is made if it does not exist. Returns the seconds it took.

    prefix: words in front of the command, a program that runs it.
    """
    os.makedirs(images, exist_ok=True)
    # Warnings and errors only: with -v4 thousands of lines are written while the task is stopped.
    log = os.path.join(images, action + ".log")
    argv = [*prefix, criu or os.path.join(USR, "sbin", "criu"), action, "-D", images, "-o", log, *map(str, args)]
    start = time.monotonic()
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=COMMAND_SECONDS, errors="replace")
    except subprocess.TimeoutExpired:
        raise Failed("criu %s: no end after %d s\n%s" % (action, COMMAND_SECONDS, end_of(log)))
    if done.returncode:
        raise Failed("criu %s: exit status %d\n%s%s" % (action, done.returncode, done.stdout, end_of(log)))
    return time.monotonic() - start


def tracking_args(images, parent, tracker="uffd-wp", plugins=PLUGINS):
    """What makes an action a tracked one. parent: the directory of the images before, or None."""
    args = ["-L", plugins, "--mem-tracker", tracker]
    if parent:
        args += ["--prev-images-dir", os.path.relpath(parent, images)]
    return args


def crit_show(image):
    done = subprocess.run([os.path.join(USR, "bin", "crit"), "show", image], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=COMMAND_SECONDS)
    if done.returncode:
        raise Failed("crit show %s: %s" % (image, done.stdout.decode(errors="replace")))
    return json.loads(done.stdout)["entries"]


def load_image(path):
    """As crit_show() with flags as numbers, in this process: where starting crit takes seconds."""
    packages = os.path.join(USR, "lib", "python3", "dist-packages")
    if packages not in sys.path:
        sys.path.insert(0, packages)
    import pycriu

    with open(path, "rb") as f:
        return pycriu.images.load(f)["entries"]


def dump_stats(images):
    return crit_show(os.path.join(images, "stats-dump"))[0]["dump"]


def memory_part_us(stats):
    """Of the time that a task was stopped, what had to do with its memory (splice mode)."""
    return stats["memdump_time"] + stats.get("mem_tracker", {}).get("attach_time", 0)


def page_flags(entry):
    """PE_* of an entry of a page map: crit prints flags as words, as a number, or (older images) as in_parent."""
    flags = entry.get("flags", PE_PARENT if entry.get("in_parent") else PE_PRESENT)
    if isinstance(flags, int):
        return flags
    return (PE_PARENT if "PE_PARENT" in flags else 0) | (PE_PRESENT if "PE_PRESENT" in flags else 0)


def image_pages(images, pid):
    """(pages in this image, pages left to its parent), counted from the page map of the task."""
    present = parent = 0
    for entry in crit_show(os.path.join(images, "pagemap-%d.img" % pid))[1:]:
        nr = int(entry.get("nr_pages") or entry["compat_nr_pages"])
        if page_flags(entry) & PE_PARENT:
            parent += nr
        elif page_flags(entry) & PE_PRESENT:
            present += nr
    stored = sum(os.path.getsize(p) for p in glob.glob(os.path.join(images, "pages-*.img"))) // PAGE
    if present != stored:
        raise Failed("%s: the page map names %d pages, the page file has %d" % (images, present, stored))
    return present, parent


def image_bytes(images):
    """Everything that a dump wrote, but its log."""
    return sum(e.stat(follow_symlinks=False).st_size for e in os.scandir(images) if not e.name.endswith(".log"))
