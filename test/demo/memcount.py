# SPDX-License-Identifier: GPL-2.0
"""Counts the pages of a task that changed, by comparing their content.

Knows nothing of userfaultfd or of CRIU: it reads /proc/PID/mem twice and
compares, page by page. A page counts as changed when a reader would see other
bytes than before. Pages that were written with what they held already do not
count, nor do mapped files as long as the task has no copy of its own.
"""

import array
import bisect
import hashlib
import os
import re

PAGE = os.sysconf("SC_PAGESIZE")

# /proc/PID/pagemap, see the kernel's Documentation/admin-guide/mm/pagemap.rst
PM_PRESENT = 1 << 63
PM_SWAPPED = 1 << 62
PM_FILE = 1 << 61  # of the page cache, or shared

CHUNK_PAGES = 1024

_LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+)\s*(.*)")


def digest(page):
    return hashlib.blake2b(page, digest_size=16).digest()


ZERO = digest(bytes(PAGE))


def _mappings(pid):
    """(start, end, is a file) of private mappings; the kernel's own, as [vdso], are left out."""
    with open("/proc/%d/maps" % pid) as maps:
        for line in maps:
            start, end, perms, inode, name = _LINE.match(line).groups()
            if perms[3] == "p" and not re.match(r"\[v", name):
                yield int(start, 16), int(end, 16), inode != "0"


def _pagemap(pagemap, start, end):
    """(address, entry) of the pages that exist, a chunk of entries at a time."""
    for chunk in range(start, end, CHUNK_PAGES * PAGE):
        nr = min(CHUNK_PAGES, (end - chunk) // PAGE)
        entries = array.array("Q", os.pread(pagemap, nr * 8, chunk // PAGE * 8))
        for i, entry in enumerate(entries):
            if entry & (PM_PRESENT | PM_SWAPPED):
                yield chunk + i * PAGE, entry


class Snapshot:
    """Digests of all pages of a task, which should be idle meanwhile."""

    def __init__(self, pid):
        self.digests = {}  # address -> digest
        self.own = set()  # pages with content of their own
        self.anonymous = []  # (start, end): what does not exist there reads as zeros
        mem = os.open("/proc/%d/mem" % pid, os.O_RDONLY)
        pagemap = os.open("/proc/%d/pagemap" % pid, os.O_RDONLY)
        try:
            for start, end, is_file in _mappings(pid):
                if not is_file:
                    self.anonymous.append((start, end))
                self._read(mem, pagemap, start, end)
        finally:
            os.close(mem)
            os.close(pagemap)

    def _read(self, mem, pagemap, start, end):
        for address, entry in _pagemap(pagemap, start, end):
            try:
                page = os.pread(mem, PAGE, address)
            except OSError:  # a guard page
                continue
            self.digests[address] = digest(page)
            if not entry & PM_FILE:
                self.own.add(address)

    def content(self, address):
        """Digest of what a reader sees there; of zeros where an anonymous mapping has no page, else None."""
        found = self.digests.get(address)
        if found is None and self.is_anonymous(address):
            return ZERO
        return found

    def is_anonymous(self, address):
        # Mappings are in ascending order.
        i = bisect.bisect_right(self.anonymous, (address, 1 << 64)) - 1
        return i >= 0 and address < self.anonymous[i][1]

    def changed_since(self, before):
        """Number of pages of their own whose content is not what it was in the snapshot before."""
        return sum(self.digests[a] != before.content(a) for a in self.own)
