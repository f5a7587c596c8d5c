# SPDX-License-Identifier: GPL-2.0
"""heap.py DIRECTORY: the interpreter, with some heap; see protocol.h."""

import os
import sys
import time

NR_BLOCKS = 4000
directory = sys.argv[1]
blocks = [bytearray([i % 251]) * 8192 for i in range(NR_BLOCKS)]
tags = [i % 251 for i in range(NR_BLOCKS)]


def step(n):
    for i, block in enumerate(blocks):
        if block.count(tags[i]) != len(block):
            return "fail step %d: block %d" % (n, i)
    for i in range(n % 8, NR_BLOCKS, 8):
        tags[i] = (tags[i] + 1) % 251
        blocks[i] = bytearray([tags[i]]) * 8192
    return "ok"


def report(n, text):
    path = os.path.join(directory, "temporary")
    with open(path, "w") as f:
        f.write(text)
    os.rename(path, os.path.join(directory, "done-%d.%d" % (n, os.getpid())))


report(0, "ok")
n = 1
while True:
    while not os.path.exists(os.path.join(directory, "go-%d" % n)):
        time.sleep(0.005)
    report(n, step(n))
    n += 1
