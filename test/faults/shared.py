#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Usage: shared.py FILE [PAGES]. A memfd of 1024 pages, or PAGES; on SIGUSR1 1 page in 64 of it changes, on SIGUSR2 it is compared with what
was written. "ready", "changed N", and then "right" or "wrong" are left in FILE.
"""

import hashlib
import mmap
import os
import signal
import sys

PAGE, PAGES, STRIDE = mmap.PAGESIZE, int((sys.argv[2:] or ["1024"])[0]), 64


def content(step, page):
    return hashlib.sha256(b"%d %d" % (step, page)).digest() * (PAGE // 32)


def report(text):
    with open(sys.argv[1] + ".new", "w") as f:
        f.write(text)
    os.rename(sys.argv[1] + ".new", sys.argv[1])


signals = {signal.SIGUSR1, signal.SIGUSR2}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
fd = os.memfd_create("shared")
os.ftruncate(fd, PAGES * PAGE)
memory = mmap.mmap(fd, PAGES * PAGE)
os.close(fd)
steps = [0] * PAGES
for page in range(PAGES):
    memory[page * PAGE:(page + 1) * PAGE] = content(0, page)
report("ready")
step = 0
while True:
    if signal.sigwait(signals) == signal.SIGUSR1:
        step += 1
        for page in range(step % STRIDE, PAGES, STRIDE):
            steps[page] = step
            memory[page * PAGE:(page + 1) * PAGE] = content(step, page)
        report("changed %d" % step)
    else:
        right = all(memory[p * PAGE:(p + 1) * PAGE] == content(steps[p], p) for p in range(PAGES))
        report("right" if right else "wrong")
