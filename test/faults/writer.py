#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Usage: writer.py AREA RATE. Writes to AREA MiB of memory, page by page, round and round, RATE MiB a second."""

import mmap
import sys
import time

PAGE = mmap.PAGESIZE
area, rate = (int(word) << 20 for word in sys.argv[1:])
memory = bytearray(area)
start, written = time.monotonic(), 0
while True:
    due = int((time.monotonic() - start) * rate) // PAGE * PAGE
    while written < due:
        at = written % area
        end = min(at + due - written, area)
        memory[at:end:PAGE] = bytes([written // area % 256]) * ((end - at) // PAGE)
        written += end - at
    time.sleep(0.01)
